/* fieldpost doctor: is the program complete, what protects its jobs, does the home add up? Works without a home too. */
#include <stdarg.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/proc.h"
#include "engine/prober/prober.h"
#include "engine/queue/inbox.h"
#include "engine/store/check.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"
#include "src/plain.h"

struct examination {
	json_t *findings;
	int64_t faults;
};

static void add(void *arg, enum fp_finding finding, const char *line)
{
	static const char *const words[] = {
		[FP_FINDING_GOOD] = "good", [FP_FINDING_NOTE] = "note", [FP_FINDING_GARBAGE] = "garbage", [FP_FINDING_FAULT] = "fault",
	};
	struct examination *x = arg;
	json_t *o = json_object();

	fp_row_text(o, "finding", words[finding]);
	fp_row_text(o, "text", line);
	json_array_append_new(x->findings, o);
	x->faults += finding == FP_FINDING_FAULT;
}

static void addf(struct examination *x, enum fp_finding finding, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void addf(struct examination *x, enum fp_finding finding, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	add(x, finding, b.data);
	fp_buf_free(&b);
}

static void add_error(struct examination *x, const struct fp_error *e)
{
	addf(x, FP_FINDING_FAULT, "%s%s%s%s", e->msg, *e->hint ? " (" : "", e->hint, *e->hint ? ")" : "");
}

static void worker(struct examination *x, struct fp_invocation *inv)
{
	struct fp_error e = {0};
	json_t *sandbox;
	int64_t landlock;

	if (fp_config_read(&inv->config, NULL, &e) != FP_OK || fp_plain_probe(&sandbox, inv, &e) != FP_OK) {
		add_error(x, &e);
		return;
	}
	add(x, FP_FINDING_GOOD, "fieldpost-worker starts and answers");
	landlock = fp_json_int(sandbox, "landlock", 0);
	if (landlock > 0)
		addf(x, FP_FINDING_GOOD, "Landlock version %lld keeps jobs away from other files%s", (long long)landlock,
			fp_json_bool(sandbox, "no_tcp", 0) ? " and from the network" : "; this kernel cannot keep them from the network");
	else
		add(x, FP_FINDING_NOTE, "this kernel has no Landlock: jobs are kept apart by limits and privileges only; sandbox_require: true refuses to run them so");
	if (!fp_json_bool(sandbox, "no_new_privs", 0) || !fp_json_bool(sandbox, "rlimits", 0) || !fp_json_bool(sandbox, "pdeathsig", 0))
		add(x, FP_FINDING_FAULT, "the worker could not limit itself (no_new_privs, rlimits, pdeathsig)");
	json_decref(sandbox);
}

static void prober(struct examination *x)
{
	struct fp_prober *p = NULL;
	struct fp_error e = {0};

	if (fp_prober_start(&p, "", FP_DATABASES_ALLOWED, "", NULL, &e) != FP_OK) {
		add_error(x, &e);
		return;
	}
	add(x, FP_FINDING_GOOD, "fieldpost-prober starts and answers: network checks can be switched on");
	fp_prober_free(p);
}

static void workflows(struct examination *x)
{
	static const char *const types[] = {"process_projectfile", "delta_apply"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct fp_error e = {0};
		json_t *workflow;

		if (fp_workflow_read(&workflow, types[i], &e) != FP_OK) {
			add_error(x, &e);
			continue;
		}
		addf(x, FP_FINDING_GOOD, "workflow %s has %zu steps", types[i], json_array_size(json_object_get(workflow, "steps")));
		json_decref(workflow);
	}
}

static void inbox_line(void *arg, const char *line)
{
	addf(arg, FP_FINDING_NOTE, "inbox: %s", line);
}

static void home(struct examination *x, struct fp_invocation *inv)
{
	struct fp_error e = {0};
	struct fp_config conf;
	int64_t faults;

	if (fp_config_read(&conf, inv->home, &e) != FP_OK)
		add_error(x, &e);
	else
		add(x, FP_FINDING_GOOD, "the configuration is valid");
	if (fp_store_open(&inv->store, inv->home, 0, &e) != FP_OK) {
		if (e.code == FP_E_NOTFOUND)
			addf(x, FP_FINDING_NOTE, "%s (%s)", e.msg, e.hint);
		else
			add_error(x, &e);
		return;
	}
	addf(x, FP_FINDING_GOOD, "the home is %s", fp_store_home(inv->store));
	if (fp_store_check(inv->store, fp_opt(inv, "repair") != NULL, add, x, &faults, &e) != FP_OK)
		add_error(x, &e);
	fp_inbox_untaken(inv->store, inbox_line, x);
}

static const struct fp_column columns[] = {{"Finding", "finding", FP_CELL_TEXT}, {"What", "text", FP_CELL_TEXT}, {0}};

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct examination x = {json_array(), 0};
	enum fp_status st = FP_OK;

	if (fp_opt(inv, "repair"))
		st = fp_confirm(inv, err, "Remove what no row names from the home %s?", inv->home);
	if (st == FP_OK) {
		addf(&x, FP_FINDING_GOOD, "fieldpost " FP_VERSION ", data in %s", fp_data_dir());
		workflows(&x);
		worker(&x, inv);
		prober(&x);
		home(&x, inv);
		inv->exit_code = x.faults > 0;
		fp_print_rows(inv, "findings", json_incref(x.findings), columns, "finding");
	}
	json_decref(x.findings);
	return st;
}

const struct fp_command fp_cmd_doctor = {
	.name = "doctor", .args = "", .run = run,
	.help = "Examine the program, its sandbox and the home (exit code 1 when something is wrong).",
	.options = {{"repair", NULL, "remove garbage: files that no row names, work folders of dead engines (asks; needs --yes without a terminal)"}},
};
