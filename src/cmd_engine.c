/* fieldpost engine run: jobs without a console. */
#include "engine/queue/engine.h"
#include "engine/base/text.h"
#include "engine/store/jobs.h"
#include "src/commands.h"
#include "src/output.h"

static enum fp_status count_bad(struct fp_invocation *inv, int64_t *n, struct fp_error *err)
{
	struct fp_query q = {.filter = "status:failed status:stopped"};

	return fp_job_count(inv->store, &q, n, err);
}

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	int once = fp_opt(inv, "once") != NULL;
	int64_t before = 0, after = 0;
	enum fp_status st = count_bad(inv, &before, err);

	if (st == FP_OK)
		st = fp_engine_run(inv->store, &inv->config, once, err);
	if (st == FP_OK)
		st = count_bad(inv, &after, err);
	if (once && after > before) {
		inv->exit_code = 1;
		fp_say("%lld job%s did not finish well: see \"fieldpost job list status:failed\"\n", (long long)(after - before), fp_text_s(after - before));
	}
	return st;
}

const struct fp_command fp_cmd_engine_run = {
	.name = "engine run", .args = "", .flags = FP_CMD_HOME, .run = run,
	.help = "Run jobs until TERM or INT (stop now) or QUIT (finish what runs); with --once, until nothing is left to do (exit code 1 when a job failed).",
	.options = {{"once", NULL, "until the queue is empty"}},
};
