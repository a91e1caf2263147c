#include "src/layer_table.h"

#include "engine/base/json.h"
#include "src/listing.h"
#include "src/output.h"

static const struct fp_column columns[] = {
	{"Layer Name", "name", FP_CELL_TEXT}, {"Layer Id", "id", FP_CELL_TAIL}, {"Is Valid", "is_valid", FP_CELL_VALID},
	{"Status", "status", FP_CELL_TEXT}, {"Error Summary", "error_summary", FP_CELL_TEXT},
	{"Provider Summary", "provider_summary", FP_CELL_TEXT}, {0},
};

void fp_layer_table_print(const struct fp_invocation *inv, const json_t *layers)
{
	const json_t *l;
	size_t i;

	fp_print_table(inv, layers, columns);
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
