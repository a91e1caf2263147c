#include "src/layer_explain.h"

#include <stdint.h>
#include <string.h>

#include "engine/base/json.h"
#include "src/listing.h"
#include "src/output.h"

/* How well WHICH names LAYER: 3 by its id, 2 by its name, 1 by the end of its id, 0 not at all. */
static int fits(const json_t *layer, const char *which)
{
	const char *id = fp_json_str_or(layer, "id", ""), *name = fp_json_str_or(layer, "name", "");
	size_t n = strlen(id), k = strlen(which);

	if (strcmp(id, which) == 0)
		return 3;
	if (strcmp(name, which) == 0)
		return 2;
	return k >= 3 && k < n && strcmp(id + n - k, which) == 0;
}

static enum fp_status choose(const json_t **out, const json_t *layers, const char *which, struct fp_error *err)
{
	const json_t *l;
	size_t i, found = 0;
	int best = 0;

	if (strncmp(which, "...", 3) == 0)
		which += 3;
	json_array_foreach(layers, i, l) {
		int how = fits(l, which);
		if (how > best || (how && how == best)) {
			found = how == best ? found + 1 : 1;
			best = how;
			*out = l;
		}
	}
	if (found == 1)
		return FP_OK;
	if (found > 1) {
		fp_fail(err, FP_E_USAGE, "%zu layers are called \"%s\"", found, which);
		fp_error_hint(err, "name one by its id; --json lists them");
		return FP_E_USAGE;
	}
	fp_fail(err, FP_E_NOTFOUND, "there is no layer \"%s\"", which);
	fp_error_hint(err, "name it by its name or id, as the table shows them");
	return FP_E_NOTFOUND;
}

static void fact(const char *label, const char *text)
{
	if (*text)
		fp_print("%-12s %s", label, text);
}

static const struct fp_column columns[] = {{"Looked at", "stage", FP_CELL_TEXT}, {"Found", "mark", FP_CELL_TEXT}, {"", "text", FP_CELL_TEXT}, {0}};

static void list(const char *label, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		fact(i ? "" : label, json_string_value(text));
}

static void print(const struct fp_invocation *inv, const json_t *layer)
{
	const char *sentence = fp_json_str_or(layer, "sentence", ""), *detail = fp_json_str_or(layer, "detail", "");

	fp_print("%s (%s): %s", fp_json_str_or(layer, "name", ""), fp_json_str_or(layer, "id", ""), fp_json_str_or(layer, "status", ""));
	fact("", *sentence ? sentence : "Nothing is wrong with it.");
	fp_print("%s", "");
	fp_print_table(inv, json_object_get(layer, "stages"), columns);
	fp_print("%s", "");
	if (strcmp(detail, sentence) != 0)
		fact("In detail", detail);
	fact("Whose job", fp_json_str_or(layer, "owner", ""));
	fact("Next step", fp_json_str_or(layer, "remedy", ""));
	list("Instead", json_object_get(layer, "instead"));
	list("Warnings", json_object_get(layer, "warnings"));
	list("Needs", json_object_get(layer, "uses"));
}

enum fp_status fp_layer_explain(const struct fp_invocation *inv, const json_t *layers, const char *which, struct fp_error *err)
{
	const json_t *layer = NULL;
	enum fp_status st = choose(&layer, layers, which, err);

	if (st != FP_OK)
		return st;
	if (inv->json)
		fp_print_json(json_incref((json_t *)(uintptr_t)layer));
	else
		print(inv, layer);
	return FP_OK;
}
