#include "engine/prober/cache.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"

#define KEEP_BYTES (64 << 20)

struct fp_cache {
	json_t *answers; /* the question's text -> the answer */
	size_t bytes;
};

struct fp_cache *fp_cache_new(void)
{
	struct fp_cache *c = fp_alloc(sizeof *c);

	c->answers = json_object();
	return c;
}

void fp_cache_free(struct fp_cache *c)
{
	if (!c)
		return;
	json_decref(c->answers);
	free(c);
}

static char *text_of(const json_t *question)
{
	char *s = json_dumps(question, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	fp_assert(s);
	return s;
}

/* What a question says of where it goes and as whom: "" when nothing can be told. */
static char *place_of(const json_t *question)
{
	static const char *const members[] = {"service", "host", "port", "dbname", "user", "password", "sslmode"};
	const char *url = fp_json_str_or(question, "url", ""), *authority = strstr(url, "://");
	json_t *place = json_object();
	char *s;

	if (strcmp(fp_json_str_or(question, "ask", ""), "postgres") == 0) {
		for (size_t i = 0; i < sizeof members / sizeof *members; i++)
			json_object_set_new(place, members[i], json_string(fp_json_str_or(question, members[i], "")));
	} else if (authority) {
		size_t n = (size_t)(authority - url) + 3 + strcspn(authority + 3, "/?#");
		json_object_set_new(place, "web", json_stringn(url, n));
	}
	s = json_object_size(place) ? text_of(place) : fp_strdup("");
	json_decref(place);
	return s;
}

/* 1 when ANSWER would be the answer to everything that goes to the same place. After a redirect the web's would not: then it names a URL. */
static int of_the_place(const json_t *answer)
{
	static const char *const stages[] = {"name", "address", "port", "tls", "login", "database"};

	if (strcmp(fp_json_str_or(answer, "cause", ""), "bad_question") == 0)
		return 0;
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strcmp(stages[i], fp_json_str_or(answer, "stage", "")) == 0)
			return !json_object_get(answer, "url");
	return 0;
}

const json_t *fp_cache_find(const struct fp_cache *c, const json_t *question)
{
	char *text = text_of(question), *place = place_of(question);
	const json_t *answer = json_object_get(c->answers, text);

	if (!answer && *place)
		answer = json_object_get(c->answers, place);
	free(text);
	free(place);
	return answer;
}

static void put(struct fp_cache *c, const char *key, json_t *answer)
{
	size_t bytes = strlen(key) + json_string_length(json_object_get(answer, "body")) + 1024;

	if (c->bytes + bytes > KEEP_BYTES) {
		json_object_clear(c->answers);
		c->bytes = 0;
	}
	json_object_set(c->answers, key, answer);
	c->bytes += bytes;
}

void fp_cache_keep(struct fp_cache *c, const json_t *question, json_t *answer)
{
	char *text = text_of(question), *place = place_of(question);

	put(c, text, answer);
	if (*place && of_the_place(answer))
		put(c, place, answer);
	free(text);
	free(place);
}
