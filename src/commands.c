#include "src/commands.h"

/* In the order of help: what works on a home, then what works without. */
const struct fp_command *const fp_commands[] = {
	&fp_cmd_init, &fp_cmd_project_create, &fp_cmd_project_list, &fp_cmd_project_show, &fp_cmd_project_set, &fp_cmd_project_delete,
	&fp_cmd_file_put, &fp_cmd_file_list, &fp_cmd_file_get, &fp_cmd_file_versions, &fp_cmd_file_diff, &fp_cmd_file_restore, &fp_cmd_file_rm,
	&fp_cmd_change_push, &fp_cmd_change_list, &fp_cmd_change_show, &fp_cmd_change_plan, &fp_cmd_change_apply, &fp_cmd_change_ignore,
	&fp_cmd_change_import, &fp_cmd_change_faulty, &fp_cmd_change_export,
	&fp_cmd_change_unignore, &fp_cmd_change_undo, &fp_cmd_change_resolve, &fp_cmd_change_retarget, &fp_cmd_change_history,
	&fp_cmd_job_list, &fp_cmd_job_show, &fp_cmd_job_log, &fp_cmd_job_trigger, &fp_cmd_job_cancel, &fp_cmd_job_retry, &fp_cmd_job_settle,
	&fp_cmd_secret_set, &fp_cmd_secret_list, &fp_cmd_secret_rm, &fp_cmd_secret_test,
	&fp_cmd_package_list, &fp_cmd_package_show, &fp_cmd_package_get, &fp_cmd_package_compare,
	&fp_cmd_layers, &fp_cmd_console, &fp_cmd_engine_run, &fp_cmd_doctor, &fp_cmd_backup, &fp_cmd_audit,
	&fp_cmd_check, &fp_cmd_apply, &fp_cmd_package_plain, &fp_cmd_help, &fp_cmd_completion,
	NULL
};
