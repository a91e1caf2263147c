#include "put_file.h"

#include "engine/store/db.h"
#include "engine/store/stage.h"

enum fp_status put_file(struct fp_store *s, const char *project_id, const char *name, const char *path, int64_t *version, struct fp_error *err)
{
	struct fp_stage g;
	int64_t v;
	int changed;
	enum fp_status st = fp_stage_copy(s, &g, project_id, name, path, err);

	if (st != FP_OK)
		return st;
	st = fp_store_begin(s, err);
	if (st == FP_OK) {
		st = fp_stage_publish(s, &g, project_id, FP_BASE_ANY, "anna", version ? version : &v, &changed, err);
		if (st == FP_OK)
			st = fp_project_file_choose(s, project_id, err);
		st = fp_store_end(s, st, err);
	}
	fp_stage_clear(&g);
	return st;
}
