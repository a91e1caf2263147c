/* Step "settle": asks databases what became of transactions that a job left behind. */
#include "engine/base/json.h"
#include "engine/changes/apply.h"
#include "engine/changes/target_pg.h"
#include "engine/worker/job.h"

static void ask(struct fp_job *job, const struct fp_apply_options *options, const json_t *t)
{
	const char *layer_id = fp_json_str_or(t, "layer_id", ""), *status = "unreachable";
	const struct fp_layer_def *layer = fp_project_layer(job->project, layer_id);
	struct fp_error why = {0};

	if (!layer)
		fp_fail(&why, FP_E_NOTFOUND, "the project has no layer \"%s\" any more, which led to the database", layer_id);
	else if (fp_pg_transaction_status(layer, options, fp_json_str_or(t, "database", ""), fp_json_str_or(t, "txid", ""), &status, &why) != FP_OK)
		status = "unreachable";
	fp_job_emit(job, "transaction", json_pack("{s:I,s:s,s:o}", "connection", (json_int_t)fp_json_int(t, "connection", -1), "status", status,
		"message", fp_json_text(why.msg)));
}

enum fp_status fp_step_settle(struct fp_job *job, struct fp_error *err)
{
	struct fp_apply_options options = {
		.input = job->input, .output = job->output,
		.any_address = fp_json_bool(job->options, "any_address", 0),
		.allow = fp_json_str(json_object_get(job->description, "network"), "allow"),
		.pgservice = fp_json_str_or(job->description, "pgservice", ""),
	};
	const json_t *t;
	size_t i;

	if (!job->project)
		return fp_fail(err, FP_E_INVALID, "the project must be opened before its databases are asked: the workflow lacks the step opening_check");
	json_array_foreach(json_object_get(job->description, "transactions"), i, t)
		ask(job, &options, t);
	return FP_OK;
}
