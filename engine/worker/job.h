/* The job as its child process sees it: what to do, where, and how to speak of it.
 *
 * The child gets ONE line on its socket (descriptor FP_WORKER_FD), the description, and answers with events, one JSON object a line of at most
 * FP_EVENT_MAX bytes. The parent validates every one of them (engine/queue/worker_proc.h) and believes nothing else.
 *
 * Description:
 *   {"protocol":1, "job":7, "type":"delta_apply",
 *    "steps":[{"id":"check_layers","name":"Check project layers","optional":false}, ...],
 *    "input":"/abs",          the project's files, read-only; links or copies of immutable versions
 *    "project_file":"a.qgs",  relative to input
 *    "output":"/abs",         empty and writable: files that the job makes or changes, under their project names
 *    "scratch":"/abs",        empty and writable: anything else
 *    "deltas":"/abs.jsonl",   delta_apply and plan: a line for each change, in the order to apply (below)
 *    "transactions":[{"connection":0,"layer_id":"...","database":"...","txid":"815"}],   settle: what became of these, as a commit event told them
 *    "options":{"overwrite_conflicts":bool,"conflicts":"strict"|"reference","inverse":bool,"dry_run":bool,
 *      "record":bool,         tell with each outcome what takes it back ("inverse") and where it was written
 *      "attachments":bool,    package: copy attachment folders, too; false: the engine adds them
 *      "any_address":bool},   databases may lie anywhere: a person at the keyboard asked for it. Else those that "network":{"allow"} lets through
 *    "secrets":{"NAME":"value"},   of type envvar: the worker's environment has them too
 *    "pgservice":"[geo]\nhost=...\n",   all pgservice secrets of the project, as one pg_service.conf; absent or "": none
 *    "diff":{"file":"data.gpkg","table":""|NAME,"summary":bool},   file_diff: before/FILE against after/FILE in input
 *    "past":{"layer_id","file","key":"12","versions":3},   feature_past: .versions/1/FILE to .versions/3/FILE in input
 *    "network":{"allow":"10.0.0.0/8"},   network checks are on (engine/prober/prober.h says what ALLOW means); absent: off
 *    "limits":{"memory_mb":1024,"cpu_s":600,"file_mb":4096,"layer_s":20},
 *    "sandbox":"best-effort"|"require",
 *    "parent":1234}           the pid that must still be the worker's parent
 *
 * A line of "deltas":
 *   {"delta":{...},          as it is to be applied
 *    "mapped_pk":"7"|null,   what the source calls the feature, when the key map or a person knows
 *    "ledger":"applied"|null,
 *    "overwrite":bool,       absent: as the options say
 *    "expect":{"class":"will_apply","hash":"..."},   absent: no plan. What the plan saw; anything else and the job stops before it has written
 *    "chain":["12"],         plan: other keys that the ledger knows for the feature, candidates when it is missing
 *    "again":bool,           plan: it was tried before. A create is then looked for in the data under other keys
 *    "earlier":"uuid"}       plan: an earlier change of the same feature that was not applied and is not on an earlier line
 *
 * Events, all of the shape {"event":KIND, KIND:BODY}:
 *   hello     {"protocol":1,"sandbox":{"landlock":2,"no_new_privs":true,"rlimits":true,"pdeathsig":true,"no_tcp":false}}
 *   step      {"id":"check_layers","state":"started"|"finished"|"failed"|"skipped","message":""}
 *   log       {"level":"info"|"warning"|"error","text":"one or more lines"}
 *   progress  {"done":12,"total":100}
 *   project   {"file","title","crs","qgis_version","extent","background_color","attachment_dirs"}   as in contract.md
 *   layer     as in contract.md's check --json, one each
 *   delta     as in contract.md's apply --json, one each, plus "hash_before","hash_after" (hex or null),"client_id","local_pk", and
 *             "connection":0     the transaction that holds it (absent: a file)
 *             "details":[{"field":"height","geometry":false,"level":"conflict"|"overwritten"|"parallel","base":1,"requested":2,"current":3}]  with "record" or in a
 *                                plan; absent: none; geometries are WKT
 *             "inverse":{"method","old","new"}   with "record", when something was written: the delta that takes it back
 *             "class":WORD       plan: will_apply already_applied conflict target_missing would_duplicate blocked impossible
 *             "blocked_by":"uuid"                plan
 *             "current":{"attributes":{...},"geometry":WKT}   plan: the feature as it is now, when there is one
 *   candidates {"delta_id":"uuid","class":WORD,"candidates":[{"key":"12","why":"uuid"|"unique"|"attributes"|"history"|"nearest","text":"code = T-7"}]}   plan: after all
 *             delta events, for those whose feature is missing, and for creates that were tried before; CLASS is what it comes to now
 *   file      {"name":"data.gpkg"}    a complete file in output, to be published; package: every file of the package, once
 *   packed    {"id","name","action","table","features","skipped","warnings","pk","read_only"}   package: what became of a layer, one each
 *             (engine/package/package.h, fp_package_layer_json). The layer events are the verdicts on the project as it is
 *   packaged_layer   as layer, of the packaged project: one for each layer of it
 *   package   {"warnings":[{"code","count","detail"}]}   package: on the project as a whole; at most one
 *   commit    {"transactions":[{"connection":0,"layer_id":"...","database":"...","txid":"815"}]}   everything is applied and told, and nothing is
 *             committed in a database yet. The worker waits for the line "commit" on its socket; without it nothing is committed.
 *   committed {"connection":0,"ok":bool,"message":""}   not ok: the database took it back, whatever the delta events said
 *   difference {"table","key":"12"|null,"change":"added"|"removed"|"changed","fields":[{"field","geometry":bool,"before","after",...}]}   file_diff: one feature;
 *             engine/changes/difference.h says what a field tells
 *   table     {"table","change":"same"|"changed"|"added"|"removed"|"unknown","before":rows|null,"after":rows|null,"added":n,"removed":n,"changed":n,
 *             "columns_added":[names],"columns_removed":[names],"notes":[sentences]}   file_diff: after the differences of the table; null: it has none
 *   past      {"version":1,"present":bool,"hash":hex|null,"attributes":{...}|null,"geometry":WKT|null,"fault":""}   feature_past: one version; FAULT says why it
 *             could not be read
 *   transaction {"connection":0,"status":"committed"|"aborted"|"in progress"|"unknown"|"unreachable","message":""}   settle, one each. unknown: the
 *             database cannot say any more; unreachable: nobody could be asked, and why
 *   result    {"ok":true} or {"ok":false,"class":"invalid","message":"...","hint":"..."}     the last one */
#ifndef FP_WORKER_JOB_H
#define FP_WORKER_JOB_H

#include <jansson.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"

#define FP_WORKER_FD 3
#define FP_EVENT_MAX (16 << 20)
#define FP_PROTOCOL 1
#define FP_COMMIT "commit" /* the one line that the parent ever sends behind the description */

struct fp_project; /* engine/project/project.h */
struct fp_prober;
struct fp_package; /* engine/package/package.h */

struct fp_job {
	json_t *description; /* owned; the members below borrow from it */
	const char *type, *input, *output, *scratch, *project_file, *deltas;
	const json_t *options;
	struct fp_prober *prober;   /* NULL: network checks are off (engine/prober/prober.h) */
	struct fp_strv variables;   /* names of the secrets of type envvar */
	struct fp_project *project; /* set by the step that opens it, freed by the runner */
	json_t *verdicts;           /* package: of every layer, in the project's order; freed by the runner */
	struct fp_package *package; /* likewise, set by the first step that makes it */
	int64_t told_at;            /* monotonic ms of the last word on its progress */
};

/* Events. All block until written; a vanished parent ends the process. */
void fp_job_log(struct fp_job *job, const char *level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void fp_job_progress(struct fp_job *job, int64_t done, int64_t total);
void fp_job_emit(struct fp_job *job, const char *kind, json_t *body); /* takes BODY over */

/* Waits for the line FP_COMMIT. FP_E_CANCELLED: the parent went away or said something else. */
enum fp_status fp_job_await_commit(struct fp_job *job, struct fp_error *err);

/* A step: one function, one row in engine/worker/steps.c. */
typedef enum fp_status fp_step_fn(struct fp_job *job, struct fp_error *err);
struct fp_step {
	const char *id;
	fp_step_fn *run;
};
extern const struct fp_step fp_steps[]; /* ends with a NULL id */

fp_step_fn fp_step_project_validity_check; /* engine/worker/step_project.c */
fp_step_fn fp_step_opening_check;
fp_step_fn fp_step_project_details;
fp_step_fn fp_step_check_layers;
fp_step_fn fp_step_apply_deltas;           /* engine/worker/step_apply.c */
fp_step_fn fp_step_file_diff;              /* engine/worker/step_diff.c */
fp_step_fn fp_step_feature_past;           /* engine/worker/step_past.c */
fp_step_fn fp_step_settle;                 /* engine/worker/step_settle.c */
fp_step_fn fp_step_package_data;           /* engine/worker/step_package.c */
fp_step_fn fp_step_package_files;
fp_step_fn fp_step_package_project;
fp_step_fn fp_step_package_verify;

#endif
