/* The problems of a project in its overview: by cause, each with what to do once and the layers it is about. */
#ifndef FP_UI_PROJECT_PROBLEMS_H
#define FP_UI_PROJECT_PROBLEMS_H

#include "engine/base/error.h"

struct fp_view;

/* Adds to the lines of V, whose project it is. */
enum fp_status fp_project_problems(struct fp_view *v, struct fp_error *err);

#endif
