/* Attribute values between a deltafile's JSON and a table: what a column holds, what JSON becomes of it without loss (spec/deltas.md 3.5, O4,
 * O12), and when the two are the same (3.1). */
#ifndef FP_CHANGES_VALUE_H
#define FP_CHANGES_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum fp_kind {
	FP_KIND_BOOL, FP_KIND_INT, FP_KIND_REAL, FP_KIND_TEXT,
	FP_KIND_JSON,     /* text that is a JSON document */
	FP_KIND_LIST,     /* the same, always an array of strings or numbers */
	FP_KIND_DATE,     /* text 2024-03-01 */
	FP_KIND_TIME,     /* text 10:20:30 or 10:20:30.123 */
	FP_KIND_DATETIME, /* text 2024-03-01T10:20:30.123Z, or with +02:00, or without a zone when it was stored so (then it counts as UTC) */
	FP_KIND_BLOB,
	FP_KIND_OTHER     /* can be kept, not written */
};

struct fp_column {
	char *name;
	enum fp_kind kind;
	int64_t min, max;    /* of FP_KIND_INT */
	int not_null;
	int has_default;     /* the table fills it when nothing is given */
	int is_key;          /* the provider's own primary key */
	int generated;       /* the database computes it: it is there for comparison, and never written */
	int unique;          /* no two features share a value of it */
};

enum fp_value_type { FP_NULL, FP_INT, FP_REAL, FP_TEXT, FP_BLOB };

/* What is stored in a column; the kind of the column says how to read it. */
struct fp_value {
	enum fp_value_type type;
	int64_t i;
	double r;
	char *text; /* owned: FP_TEXT (NUL-terminated) or FP_BLOB */
	size_t len;
};

void fp_value_clear(struct fp_value *v);
void fp_value_copy(struct fp_value *to, const struct fp_value *from);
void fp_value_set_text(struct fp_value *v, enum fp_value_type type, const void *bytes, size_t len);

/* The value that COLUMN stores for JSON. FP_E_REFUSED: it cannot be stored without changing it; the message names column and reason. */
enum fp_status fp_value_from_json(struct fp_value *out, const struct fp_column *column, const json_t *json, struct fp_error *err);

/* *SAME: the stored value equals the JSON that a device believed in, by the reference's comparison. FP_E_INVALID: JSON of a type that such a
 * column cannot be compared with. */
enum fp_status fp_value_matches(int *same, const struct fp_value *stored, const struct fp_column *column, const json_t *json,
	struct fp_error *err);

/* 1 when both mean the same in COLUMN (the same instant, the same JSON). */
int fp_value_equal(const struct fp_value *a, const struct fp_value *b, const struct fp_column *column);

/* For people: as the reference words it in its conflicts (None, True, NULL for a stored null); at most 200 bytes. */
void fp_value_show(struct fp_buf *out, const struct fp_value *v, const struct fp_column *column);
void fp_json_show(struct fp_buf *out, const json_t *json);

/* Python's equality of two JSON values: 1 == 1.0 == true, exact between integers and reals. */
int fp_json_same(const json_t *a, const json_t *b);

#endif
