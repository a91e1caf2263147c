#include "src/layer_table.h"

#include "engine/base/json.h"
#include "src/listing.h"
#include "src/output.h"

static const struct {
	struct fp_column column;
	unsigned only; /* where it is asked for */
} columns[] = {
	{{"Project", "project", FP_CELL_TEXT}, FP_LAYER_PROJECT}, {{"Layer Name", "name", FP_CELL_TEXT}, 0}, {{"Layer Id", "id", FP_CELL_TAIL}, 0},
	{{"Is Valid", "is_valid", FP_CELL_VALID}, 0}, {{"Status", "status", FP_CELL_TEXT}, 0}, {{"Changed", "changed", FP_CELL_TEXT}, FP_LAYER_CHANGED},
	{{"Error Summary", "error_summary", FP_CELL_TEXT}, 0}, {{"Provider Summary", "provider_summary", FP_CELL_TEXT}, 0},
};
#define N_COLUMNS (sizeof columns / sizeof *columns)

void fp_layer_table_print(const struct fp_invocation *inv, const json_t *layers, unsigned more)
{
	struct fp_column shown[N_COLUMNS + 1] = {0};
	const json_t *l;
	size_t i, n = 0;

	for (i = 0; i < N_COLUMNS; i++)
		if ((columns[i].only & more) == columns[i].only)
			shown[n++] = columns[i].column;
	fp_print_table(inv, layers, shown);
	json_array_foreach(layers, i, l) {
		const char *remedy = fp_json_str_or(l, "remedy", ""), *sentence = fp_json_str_or(l, "sentence", "");
		if (*sentence)
			fp_print("%s: %s -- %s", fp_json_str_or(l, "name", ""), sentence, remedy);
	}
}

int fp_layers_invalid(const json_t *layers)
{
	const json_t *l;
	size_t i;

	json_array_foreach(layers, i, l)
		if (json_is_false(json_object_get(l, "is_valid")))
			return 1;
	return 0;
}
