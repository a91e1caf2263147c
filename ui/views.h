/* Every view, one file each: ui/view_NAME.c. */
#ifndef FP_UI_VIEWS_H
#define FP_UI_VIEWS_H

#include "ui/view.h"

extern const struct fp_view_ops fp_view_projects, fp_view_project, fp_view_changes, fp_view_change, fp_view_jobs, fp_view_job, fp_view_layers,
	fp_view_layer, fp_view_problems, fp_view_files, fp_view_activity, fp_view_help, fp_view_plan, fp_view_secrets, fp_view_conflict, fp_view_history,
	fp_view_versions, fp_view_difference, fp_view_packages, fp_view_package, fp_view_package_layer, fp_view_package_compare;

#endif
