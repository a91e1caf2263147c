/* Setting, removing and testing secrets in the console: a chain of prompts, a question, a prober's answer that the loop waits for. */
#ifndef FP_UI_SECRET_ACTS_H
#define FP_UI_SECRET_ACTS_H

#include "engine/base/buf.h"
#include "engine/base/ids.h"

struct fp_console;

/* The secret that the prompts and questions are about. Zero-initialise with FP_SECRET_FORM_INIT. */
struct fp_secret_form {
	char project[FP_UUID_SIZE];
	char *name;
	char *service;      /* what layers call a service that is missing; NULL: none */
	const char *type;
	size_t field;       /* of a pgservice, as it is asked for part by part */
	struct fp_buf text; /* and its text so far */
};
#define FP_SECRET_FORM_INIT { .text = FP_BUF_INIT }
void fp_secret_form_clear(struct fp_secret_form *f); /* overwrites the text */

/* Begins to ask for secret NAME of PROJECT_ID; NAME "" asks for its name too. SERVICE: what a missing one is called, or "". */
unsigned fp_secret_ask(struct fp_console *c, const char *project_id, const char *name, const char *service);
unsigned fp_secret_ask_remove(struct fp_console *c, const char *project_id, const char *name, size_t layers);

/* Begins a test; the loop polls its descriptor (-1: none) for at most so many ms, and steps. */
unsigned fp_secret_begin_test(struct fp_console *c, const char *project_id, const char *name);
int fp_secret_tests(const struct fp_console *c, const char *project_id, const char *name); /* 1: that one is being tested */
unsigned fp_secret_step_test(struct fp_console *c);

#endif
