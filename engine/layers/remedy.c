#include "engine/layers/remedy.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/proc.h"
#include "engine/base/yaml.h"

static json_t *remedies;

static const char *const members[] = {[FP_REMEDY_SENTENCE] = "sentence", [FP_REMEDY_NEXT] = "next"};

enum fp_status fp_remedies_load(struct fp_error *err)
{
	char *path;
	const char *key;
	json_t *entry;
	enum fp_status st;

	if (remedies)
		return FP_OK;
	path = fp_data_path("remedies.yaml");
	st = fp_yaml_read(&remedies, path, err);
	json_object_foreach(remedies, key, entry)
		if (st == FP_OK && (!fp_json_str(entry, "owner") || !fp_json_str(entry, "sentence") || !fp_json_str(entry, "next")))
			st = fp_fail(err, FP_E_INVALID, "%s: \"%s\" needs owner, sentence and next", path, key);
	free(path);
	return st;
}

static const char *member(const char *key, const char *name)
{
	const char *text;

	fp_assert(fp_remedies_load(NULL) == FP_OK);
	text = fp_json_str(json_object_get(remedies, key), name);
	fp_assert(text); /* tests hold the keys of the code against the file */
	return text;
}

const char *fp_remedy_owner(const char *key)
{
	return member(key, "owner");
}

/* The value for the name at TEXT, which is N bytes long; NULL when there is none. */
static const char *value_of(const char *text, size_t n, const struct fp_slot *slots, size_t n_slots)
{
	for (size_t i = 0; i < n_slots; i++)
		if (strlen(slots[i].name) == n && memcmp(slots[i].name, text, n) == 0)
			return slots[i].value;
	return NULL;
}

/* Appends N bytes of TEXT with its slots filled. 0 when one had no value; names in lower case are no slots: "{x}" stands for itself. */
static int fill(struct fp_buf *b, const char *text, size_t n, const struct fp_slot *slots, size_t n_slots)
{
	int complete = 1;

	for (size_t i = 0; i < n;) {
		size_t name = text[i] == '{' ? strspn(text + i + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
		const char *value;

		if (name == 0 || text[i + 1 + name] != '}') {
			fp_buf_addc(b, text[i++]);
			continue;
		}
		value = value_of(text + i + 1, name, slots, n_slots);
		if (value)
			fp_buf_adds(b, value);
		else
			complete = 0;
		i += name + 2;
	}
	return complete;
}

static void cut(struct fp_buf *b, size_t len)
{
	if (b->len > len)
		b->data[b->len = len] = '\0';
}

char *fp_remedy_text(const char *key, enum fp_remedy_part part, const struct fp_slot *slots, size_t n)
{
	const char *text = member(key, members[part]), *open;
	struct fp_buf b = FP_BUF_INIT;

	while ((open = strstr(text, "[["))) {
		const char *close = strstr(open, "]]");
		size_t before;
		fp_assert(close);
		fill(&b, text, (size_t)(open - text), slots, n);
		before = b.len;
		if (!fill(&b, open + 2, (size_t)(close - open - 2), slots, n))
			cut(&b, before);
		text = close + 2;
	}
	fill(&b, text, strlen(text), slots, n);
	return fp_buf_take(&b);
}
