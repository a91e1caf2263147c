#include "engine/layers/delimited_reader.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "engine/layers/delimited_text.h"
#include "engine/layers/regexp.h"

#define NAME_MAX_CHARACTERS 200
#define LINE_MAX_BYTES (64 << 20) /* a line that is longer is none, and ends the table */

struct fp_delimited {
	char *delimiters, *quotes, *escapes; /* sets of characters */
	struct fp_regexp *regexp; /* instead of these, or NULL */
	int anchored; /* its groups are the fields; else it stands between fields */
	int trims, drops_empty;
	size_t max_fields; /* 0: as many as there are */
	struct fp_delimited_text *source;
	struct fp_buf text; /* as far as it is read */
	size_t at;
	char line_end; /* the first that the file has ends all lines */
	int at_end, whole; /* nothing comes behind TEXT; all that was read is known */
	struct fp_strv names;
	size_t widest; /* fields of a record, without empty ones at its end */
	int64_t refused;
};

static const char scheme[] = "file:";

static int is_url(const char *source)
{
	return strncmp(source, scheme, sizeof scheme - 1) == 0;
}

/* The path of a "file:" source is percent-encoded and ends before a "#"; a host in it ("file://host/x") is part of it, as in QGIS. Any other source is a
 * path up to its "?". Caller frees. */
char *fp_delimited_path(const char *source)
{
	const char *p = source + sizeof scheme - 1;

	if (!is_url(source))
		return fp_strndup(source, strcspn(source, "?"));
	if (strncmp(p, "///", 3) == 0)
		p += 2;
	return fp_percent_decode(p, strcspn(p, "?#"));
}

/* A part of the text. */
struct piece {
	const char *p;
	size_t n;
};

static struct piece next_character(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return (struct piece){p, size < n ? size : n};
}

static int is_in(struct piece c, const char *set)
{
	return memmem(set, strlen(set), c.p, c.n) != NULL;
}

static int is_space(struct piece c)
{
	return fp_delimited_space(c.p, c.n) > 0;
}

static struct piece trimmed(struct piece s)
{
	struct piece c;

	while (s.n > 0 && is_space(c = next_character(s.p, s.n))) {
		s.p += c.n;
		s.n -= c.n;
	}
	while (s.n > 0) {
		size_t start = fp_text_floor(s.p, s.n - 1);
		if (!is_space((struct piece){s.p + start, s.n - start}))
			break;
		s.n = start;
	}
	return s;
}

/* A line that the bound cuts is left out. */
static void drop_cut_line(struct fp_delimited *t)
{
	size_t n = t->text.len;

	while (n > t->at && t->text.data[n - 1] != '\n' && t->text.data[n - 1] != '\r')
		n--;
	if (n > t->at) {
		t->text.len = n;
		t->text.data[n] = '\0';
	}
}

/* More text behind that which is there. What was read of it before moves. 0: there is no more. */
static int fill(struct fp_delimited *t)
{
	int more = 0;

	if (t->at_end)
		return 0;
	fp_buf_drop(&t->text, t->at);
	t->at = 0;
	if (fp_delimited_text_read(t->source, &t->text, &more, NULL) != FP_OK || t->text.len > LINE_MAX_BYTES) {
		t->whole = more = 0;
		fp_buf_drop(&t->text, t->text.len);
	} else if (!more && !fp_delimited_text_whole(t->source)) {
		t->whole = 0;
		drop_cut_line(t);
	}
	t->at_end = !more;
	return more;
}

/* 0 at the end of the text. */
static int next_line(struct fp_delimited *t, struct piece *line, int skip_blank)
{
	do {
		const char *p, *end;
		size_t left, seen = 0;

		for (;;) { /* the line, its end, and what may belong to that */
			p = t->text.data + t->at;
			left = t->text.len - t->at;
			end = left > seen ? memchr(p + seen, t->line_end, left - seen) : NULL;
			if (end && (*end == '\n' || end + 1 < p + left))
				break;
			seen = end ? (size_t)(end - p) : left;
			if (!fill(t)) {
				p = t->text.data + t->at;
				left = t->text.len - t->at;
				end = left ? memchr(p, t->line_end, left) : NULL;
				break;
			}
		}
		if (left == 0)
			return 0;
		*line = (struct piece){p, end ? (size_t)(end - p) : left};
		t->at += line->n + (end != NULL);
		if (end && *end == '\r' && end[1] == '\n')
			t->at++;
	} while (skip_blank && line->n == 0);
	return 1;
}

static void add_field(struct fp_delimited *t, struct fp_strv *fields, struct piece field, int quoted)
{
	if (t->max_fields > 0 && fields->n >= t->max_fields)
		return;
	if (fields->n >= FP_DELIMITED_COLUMNS) {
		t->whole = 0;
		return;
	}
	if (!quoted && t->trims)
		field = trimmed(field);
	if (quoted || !t->drops_empty || field.n > 0)
		fp_strv_take(fields, fp_strndup(field.p, field.n));
	if (fields->n > t->widest && field.n > 0)
		t->widest = fields->n;
}

/* Where in a field the reader is. */
enum place { BEFORE, INSIDE, QUOTED, BEHIND_QUOTES };
struct csv {
	struct piece line; /* what is left of it */
	char quote[4];     /* that has to close */
	size_t quote_len;
	struct fp_buf field;
	enum place place;
	int escaped; /* the next character is plain */
};

/* A quote: opens, closes, or stands for itself. 0: it cannot stand here. */
static int take_quote(struct csv *s, struct piece c, int escapes)
{
	if (s->place == BEFORE) {
		fp_buf_clear(&s->field);
		memcpy(s->quote, c.p, c.n);
		s->quote_len = c.n;
		s->place = QUOTED;
		return 1;
	}
	if (s->place != QUOTED)
		return 0;
	if (escapes && s->line.n >= c.n && memcmp(s->line.p, c.p, c.n) == 0) {
		fp_buf_add(&s->field, c.p, c.n);
		s->line.p += c.n;
		s->line.n -= c.n;
	} else {
		s->place = BEHIND_QUOTES;
	}
	return 1;
}

/* An escape that is a quote too escapes only itself, and only between such quotes. 0: the record is not well-formed. */
static int take_character(struct fp_delimited *t, struct csv *s, struct piece c, struct fp_strv *fields)
{
	int delimits = is_in(c, t->delimiters), may_quote = !delimits && is_in(c, t->quotes);
	int quotes = s->place == QUOTED ? !delimits && c.n == s->quote_len && memcmp(c.p, s->quote, c.n) == 0 : may_quote;
	int escapes = !delimits && is_in(c, t->escapes) && (!may_quote || quotes);

	if (quotes)
		return take_quote(s, c, escapes);
	if (escapes) {
		s->escaped = 1;
	} else if (s->place == QUOTED) {
		fp_buf_add(&s->field, c.p, c.n);
	} else if (delimits) {
		add_field(t, fields, (struct piece){s->field.data, s->field.len}, s->place == BEHIND_QUOTES);
		fp_buf_clear(&s->field);
		s->place = BEFORE;
	} else if (!is_space(c)) {
		if (s->place == BEHIND_QUOTES)
			return 0;
		fp_buf_add(&s->field, c.p, c.n);
		s->place = INSIDE;
	} else if (s->place != BEHIND_QUOTES) {
		fp_buf_add(&s->field, c.p, c.n);
	}
	return 1;
}

static int csv_record(struct fp_delimited *t, struct piece line, struct fp_strv *fields)
{
	struct csv s = {.line = line, .field = FP_BUF_INIT};
	int good = 1;

	while (good && (s.line.n > 0 || s.place == QUOTED || s.escaped)) {
		struct piece c;
		if (s.line.n == 0) { /* the field goes on in the next line */
			good = next_line(t, &s.line, 0);
			fp_buf_addc(&s.field, '\n');
			s.escaped = 0;
			continue;
		}
		c = next_character(s.line.p, s.line.n);
		s.line.p += c.n;
		s.line.n -= c.n;
		if (s.escaped) {
			fp_buf_add(&s.field, c.p, c.n);
			s.escaped = 0;
		} else {
			good = take_character(t, &s, c, fields);
		}
	}
	if (good && s.place != BEFORE)
		add_field(t, fields, (struct piece){s.field.data, s.field.len}, s.place == BEHIND_QUOTES);
	fp_buf_free(&s.field);
	return good;
}

/* The groups that took part in a match, up to the last that did. */
static void add_groups(struct fp_delimited *t, struct fp_strv *fields, const char *text, const size_t *spans, int n)
{
	for (int i = 1; i < n; i++) {
		int took_part = spans[2 * i] != (size_t)-1;
		add_field(t, fields, took_part ? (struct piece){text + spans[2 * i], spans[2 * i + 1] - spans[2 * i]} : (struct piece){"", 0}, 0);
	}
}

/* A search that takes too long ends the table: what the record holds is not known. */
static int find(struct fp_delimited *t, const size_t **spans, struct piece line, size_t from)
{
	int n = fp_regexp_find(t->regexp, spans, line.p, line.n, from);

	if (n < 0) {
		t->whole = 0;
		t->at = t->text.len;
		t->at_end = 1;
	}
	return n;
}

static int regexp_record(struct fp_delimited *t, struct piece line, struct fp_strv *fields)
{
	const size_t *spans;
	size_t at = 0;
	int n;

	if (t->anchored) {
		n = find(t, &spans, line, 0);
		if (n > 0)
			add_groups(t, fields, line.p, spans, n);
		return n > 0;
	}
	while (at < line.n && (t->max_fields == 0 || fields->n < t->max_fields)) {
		n = find(t, &spans, line, at);
		if (n > 0 && spans[0] == at && spans[1] == at) /* a match of nothing has to go on */
			n = find(t, &spans, line, at + next_character(line.p + at, line.n - at).n);
		if (n < 0)
			return 0;
		if (n == 0) {
			add_field(t, fields, (struct piece){line.p + at, line.n - at}, 0);
			break;
		}
		add_field(t, fields, (struct piece){line.p + at, spans[0] - at}, 0);
		add_groups(t, fields, line.p, spans, n);
		at = spans[1];
	}
	return 1;
}

/* -1: the end; 0: not well-formed. */
static int read_record(struct fp_delimited *t, struct fp_strv *fields)
{
	struct piece line;

	if (!next_line(t, &line, 1))
		return -1;
	return t->regexp ? regexp_record(t, line, fields) : csv_record(t, line, fields);
}

static const char *option(const struct fp_query *q, const char *key, const char *fallback)
{
	const char *v = fp_query_get(q, key);

	return v ? v : fallback;
}

/* Everything but what begins with an n means yes. */
static int is_on(const struct fp_query *q, const char *key, int fallback)
{
	const char *v = fp_query_get(q, key);

	return v ? *v != 'n' && *v != 'N' : fallback;
}

/* QGIS asks for "none " with a blank, so "none" does not stop it from looking for the columns that a source names. */
int fp_delimited_class(const struct fp_query *options, int *none)
{
	static const char *const words[] = {"point", "line", "polygon"};
	const char *word = fp_query_get(options, "geomType");

	*none = word && strcasecmp(word, "none ") == 0;
	for (int i = 0; word && i < 3; i++)
		if (strcasecmp(word, words[i]) == 0)
			return i + 1;
	return 0;
}

/* A number that is nothing else, or 0. */
static long number(const struct fp_query *q, const char *key)
{
	const char *v = option(q, key, "");
	char *end;
	long n = strtol(v, &end, 10);

	while (isspace((unsigned char)*end))
		end++;
	return *end ? 0 : n;
}

/* A set of characters, in which "\t" is a tabulator. Caller frees. */
static char *characters(const char *s)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (; *s; s++) {
		int tab = *s == '\\' && s[1] == 't';
		fp_buf_addc(&b, tab ? '\t' : *s);
		s += tab;
	}
	return fp_buf_take(&b);
}

static enum fp_status set_regexp(struct fp_delimited *t, const char *pattern, struct fp_error *err)
{
	enum fp_status st;

	t->anchored = *pattern == '^';
	if (!*pattern)
		return fp_fail(err, FP_E_INVALID, "the regular expression is empty");
	st = fp_regexp_new(&t->regexp, pattern, 0, err);
	if (st == FP_OK && t->anchored && fp_regexp_groups(t->regexp) == 0)
		return fp_fail(err, FP_E_INVALID, "the regular expression \"%s\" begins with ^ and has no groups", pattern);
	return st;
}

/* A type that nobody knows means csv, and then delimiter, quote and escape do not count. */
static enum fp_status set_up(struct fp_delimited *t, const struct fp_query *q, struct fp_error *err)
{
	const char *type = option(q, "type", option(q, "delimiterType", "csv"));
	int plain = strcmp(type, "plain") == 0, known = plain || strcmp(type, "csv") == 0;

	t->trims = is_on(q, "trimFields", 0);
	t->drops_empty = is_on(q, "skipEmptyFields", 0);
	t->max_fields = number(q, "maxFields") > 0 ? (size_t)number(q, "maxFields") : 0;
	t->delimiters = characters(known ? option(q, "delimiter", ",") : ",");
	t->quotes = characters(known ? option(q, "quote", plain ? "'\"" : "\"") : "\"");
	t->escapes = characters(known ? option(q, "escape", plain ? "" : "\"") : "\"");
	if (strcmp(type, "whitespace") == 0) {
		t->drops_empty = 1;
		return fp_regexp_new(&t->regexp, "\\s+", 0, err);
	}
	if (strcmp(type, "regexp") == 0)
		return set_regexp(t, option(q, "delimiter", ","), err);
	return *t->delimiters ? FP_OK : fp_fail(err, FP_E_INVALID, "it names no delimiter");
}

/* N of a name "field_N", -1 when it is none. */
static long default_number(const char *name)
{
	static const char start[] = "field_";
	const char *digits = name + sizeof start - 1;

	if (strncasecmp(name, start, sizeof start - 1) != 0 || !*digits || digits[strspn(digits, "0123456789")])
		return -1;
	return strlen(digits) < 10 ? atol(digits) : 0;
}

static int is_taken(json_t *names, const char *name)
{
	char *key = fp_text_fold(name);
	int taken = json_object_get(names, key) != NULL;

	free(key);
	return taken;
}

static void take(json_t *names, const char *name)
{
	char *key = fp_text_fold(name);

	json_object_set_new(names, key, json_true());
	free(key);
}

/* NAME with the first number behind it that no other column has or wants. Caller frees. */
static char *numbered(const char *name, json_t *given, json_t *wanted)
{
	for (int i = 1;; i++) {
		char *candidate = fp_asprintf("%s_%d", name, i);
		if (!is_taken(given, candidate) && !is_taken(wanted, candidate))
			return candidate;
		free(candidate);
	}
}

static char *header_name(const char *field, size_t position, json_t *given, json_t *wanted)
{
	struct piece s = trimmed((struct piece){field, strlen(field)});
	char *name, *other;
	long n;

	for (size_t i = 0, at = 0; at < s.n; i++) {
		if (i == NAME_MAX_CHARACTERS)
			s.n = at;
		else
			at += next_character(s.p + at, s.n - at).n;
	}
	if (s.n == 0)
		return fp_asprintf("field_%zu", position);
	name = fp_strndup(s.p, s.n);
	n = default_number(name);
	if (n >= 0 ? n == (long)position : !is_taken(given, name))
		return name;
	other = numbered(name, given, wanted);
	free(name);
	return other;
}

static enum fp_status read_header(struct fp_delimited *t, struct fp_error *err)
{
	json_t *given = json_object(), *wanted = json_object();
	struct fp_strv fields = {0};
	int good = read_record(t, &fields) > 0;

	for (size_t i = 0; good && i < fields.n; i++)
		take(wanted, fields.items[i]);
	for (size_t i = 0; good && i < fields.n; i++) {
		fp_strv_take(&t->names, header_name(fields.items[i], i + 1, given, wanted));
		take(given, t->names.items[i]);
	}
	good = fields.n < FP_DELIMITED_COLUMNS;
	fp_strv_free(&fields);
	json_decref(given);
	json_decref(wanted);
	return good ? FP_OK : fp_fail(err, FP_E_REFUSED, "it has %d columns or more", FP_DELIMITED_COLUMNS);
}

static enum fp_status start(struct fp_delimited *t, const char *path, const struct fp_query *q, int64_t bound, struct fp_error *err)
{
	enum fp_status st = set_up(t, q, err);
	struct piece line;
	int more;

	if (st == FP_OK)
		st = fp_delimited_text_open(&t->source, path, option(q, "encoding", ""), bound, err);
	if (st == FP_OK)
		st = fp_delimited_text_read(t->source, &t->text, &more, err);
	if (st != FP_OK)
		return st;
	while (!t->text.data[strcspn(t->text.data, "\r\n")] && fill(t))
		;
	t->line_end = t->text.data[strcspn(t->text.data, "\r\n")];
	for (long skip = number(q, "skipLines"); skip > 0 && next_line(t, &line, 0); skip--)
		;
	return is_on(q, "useHeader", 1) ? read_header(t, err) : FP_OK;
}

enum fp_status fp_delimited_open(struct fp_delimited **out, const char *path, const struct fp_query *options, int64_t bound, struct fp_error *err)
{
	struct fp_delimited *t = fp_alloc(sizeof *t);
	enum fp_status st;

	t->text = (struct fp_buf)FP_BUF_INIT;
	t->whole = 1;
	st = start(t, path, options, bound, err);
	*out = st == FP_OK ? t : NULL;
	if (st != FP_OK)
		fp_delimited_free(t);
	return st;
}

void fp_delimited_free(struct fp_delimited *t)
{
	if (!t)
		return;
	free(t->delimiters);
	free(t->quotes);
	free(t->escapes);
	fp_regexp_free(t->regexp);
	fp_delimited_text_free(t->source);
	fp_buf_free(&t->text);
	fp_strv_free(&t->names);
	free(t);
}

const struct fp_strv *fp_delimited_names(struct fp_delimited *t)
{
	while (t->names.n < t->widest)
		fp_strv_take(&t->names, fp_asprintf("field_%zu", t->names.n + 1));
	return &t->names;
}

long fp_delimited_column(const struct fp_delimited *t, const char *name)
{
	long n = default_number(name), found = -1;
	char *wanted;

	if (n >= 0)
		return n - 1;
	wanted = fp_text_fold(name);
	for (size_t i = 0; i < t->names.n && found < 0; i++) {
		char *has = fp_text_fold(t->names.items[i]);
		found = strcmp(has, wanted) == 0 ? (long)i : -1;
		free(has);
	}
	free(wanted);
	return found;
}

static int is_empty(const struct fp_strv *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		if (*fields->items[i])
			return 0;
	return 1;
}

int fp_delimited_next(struct fp_delimited *t, struct fp_strv *fields)
{
	int rc;

	do {
		fp_strv_free(fields);
		rc = read_record(t, fields);
		t->refused += rc == 0;
	} while (rc == 0 || (rc > 0 && is_empty(fields)));
	return rc > 0;
}

int64_t fp_delimited_refused(const struct fp_delimited *t)
{
	return t->refused;
}

int fp_delimited_complete(const struct fp_delimited *t)
{
	return t->whole && t->at_end && t->at == t->text.len;
}
