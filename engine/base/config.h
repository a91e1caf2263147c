/* Configuration: data/config.yaml documents every key and holds the defaults; HOME/config.yaml overrides. One table gives parsing, ranges and
 * messages. */
#ifndef FP_BASE_CONFIG_H
#define FP_BASE_CONFIG_H

#include <jansson.h>
#include <stdint.h>

#include "engine/base/error.h"

#define FP_CONFIG_TEXT 1024

struct fp_config {
	int64_t engine_jobs;            /* projects worked on side by side */
	int64_t job_limit_s[3];         /* by enum fp_job_type */
	int64_t step_limit_s;           /* a step that names none */
	int64_t stop_grace_s;           /* between TERM and KILL */
	int64_t worker_memory_mb, worker_cpu_s, worker_file_mb;
	int64_t layer_limit_s;          /* one layer of a check */
	int sandbox_require;            /* refuse to run jobs without Landlock */
	int64_t log_keep_days, check_keep_days;
	int64_t packages_keep;          /* good packages of a project */
	int64_t log_lines_max;          /* per job */
	int64_t batch_changes;          /* pushed changes that one delta_apply takes */
	int64_t upload_settle_ms;       /* uploads closer together than this make one process_projectfile */
	int64_t inbox_settle_s;         /* what lies in the inbox unchanged for so long is taken */
	int network_checks;             /* checks may ask the network, where a project does not say otherwise */
	char network_allow[FP_CONFIG_TEXT]; /* what may be asked although its address is private: engine/prober/prober.h */
};

/* HOME may be NULL: defaults only. An unknown key, a wrong type or range: FP_E_INVALID with file and key. */
enum fp_status fp_config_read(struct fp_config *c, const char *home, struct fp_error *err);

/* A workflow: data/workflows/TYPE.yaml, checked; {"steps":[{"id","name","optional","timeout_s"}]}. Caller decrefs. */
enum fp_status fp_workflow_read(json_t **out, const char *type, struct fp_error *err);

#endif
