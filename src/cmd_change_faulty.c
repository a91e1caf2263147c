/* fieldpost change faulty: deltafiles that were refused, and their bytes. */
#include "engine/base/ids.h"
#include "engine/store/faulty.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/save_file.h"

static void add_row(void *arg, const struct fp_faulty_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "id", r->id);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "by", r->by);
	fp_row_text(o, "uuid", r->uuid);
	fp_row_int(o, "size", r->size);
	fp_row_text(o, "reason", r->reason);
	json_array_append_new(arg, o);
}

static const struct fp_column columns[] = {
	{"Id", "id", FP_CELL_TEXT}, {"When", "at", FP_CELL_TIME}, {"Who", "by", FP_CELL_TEXT}, {"Deltafile", "uuid", FP_CELL_TEXT},
	{"Size", "size", FP_CELL_BYTES}, {"Why it was refused", "reason", FP_CELL_TEXT}, {0},
};

static enum fp_status get(struct fp_invocation *inv, const char *project, const char *which, struct fp_error *err)
{
	const char *to = fp_opt(inv, "output");
	struct fp_save save;
	int64_t id;
	json_t *answer;
	enum fp_status st = fp_parse_number(&id, which, "--get", err);

	if (st == FP_OK && !to)
		st = fp_fail(err, FP_E_USAGE, "--get needs --output FILE, since nobody knows what stands in a faulty file");
	if (st == FP_OK)
		st = fp_save_begin(&save, inv, to, err);
	if (st != FP_OK)
		return st;
	st = fp_save_end(&save, fp_faulty_write(inv->store, project, id, save.f, err), err);
	if (st == FP_OK) {
		answer = json_object();
		fp_row_int(answer, "id", id);
		fp_row_text(answer, "output", to);
		fp_outcome_print(inv, answer, "Wrote %s.", to);
	}
	return st;
}

static enum fp_status faulty(struct fp_invocation *inv, struct fp_error *err)
{
	const char *which = fp_opt(inv, "get");
	json_t *rows;
	char id[FP_UUID_SIZE];
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st != FP_OK)
		return st;
	if (which)
		return get(inv, id, which, err);
	rows = json_array();
	st = fp_faulty_list(inv->store, id, add_row, rows, err);
	if (st == FP_OK)
		fp_print_rows(inv, "deltafiles", rows, columns, "faulty deltafile");
	else
		json_decref(rows);
	return st;
}

const struct fp_command fp_cmd_change_faulty = {
	.name = "change faulty", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = faulty,
	.help = "List the deltafiles of a project that were refused, with the reason; or get one back whole.",
	.options = {{"get", "ID", "write this one to --output, as it came; asks before it replaces a file"}, {"output", "FILE", "where to (-o)"}},
};
