#include "engine/worker/job.h"

const struct fp_step fp_steps[] = {
	{"project_validity_check", fp_step_project_validity_check},
	{"opening_check", fp_step_opening_check},
	{"project_details", fp_step_project_details},
	{"check_layers", fp_step_check_layers},
	{"apply_deltas", fp_step_apply_deltas},
	{"file_diff", fp_step_file_diff},
	{"feature_past", fp_step_feature_past},
	{"settle", fp_step_settle},
	{"package_data", fp_step_package_data},
	{"package_files", fp_step_package_files},
	{"package_project", fp_step_package_project},
	{"package_verify", fp_step_package_verify},
	{0}
};
