/* Runs the real `fieldpost` for the suites that test the command line: a home of its own, no terminal unless one is asked for. */
#ifndef FP_TESTS_CLI_H
#define FP_TESTS_CLI_H

#include <jansson.h>

/* Folder for one test, made once in a process and removed when it ends; FIELDPOST_HOME is its "home". Borrowed. */
const char *cli_folder(void);
/* A path in it; borrowed until the process ends. */
const char *cli_path(const char *name);
/* Writes TEXT there, with the folders it needs. Returns the path. */
const char *cli_write(const char *name, const char *text);

struct cli {
	int code;        /* exit code; 256 + signal when it was killed */
	char *out, *err; /* all it said; on a terminal both are in out */
};
/* The program with the words of ARGS (blanks part them; '...' keeps blanks), each formatted first. Asserts that no escape character came out. */
const struct cli *cli_run(const char *args, ...) __attribute__((format(printf, 1, 2)));
/* The same as a vector, for words that no shell could write. */
const struct cli *cli_runv(const char *const *argv);
/* The same in a terminal of COLUMNS columns that gets TYPED. */
const struct cli *cli_run_terminal(int columns, const char *typed, const char *args);
/* Runs it, wants exit code CODE and JSON; borrowed until the process ends. */
const json_t *cli_json(int code, const char *args, ...) __attribute__((format(printf, 2, 3)));

/* The same, talked to: SAYS holds what to wait for and what to type then, by turns, and ends with NULL. */
const struct cli *cli_talk(const char *const *says, const char *args);

/* Not NULL: the file that is the program's standard input where there is no terminal. */
extern const char *cli_stdin;
/* Not 0: the program runs as this user. */
extern unsigned cli_uid;

/* Asserts, with what was said. */
#define cli_wants(code_, ...) do { \
	const struct cli *r_ = cli_run(__VA_ARGS__); \
	cr_assert_eq(r_->code, code_, "exit %d, not %d: %s%s", r_->code, code_, r_->out, r_->err); } while (0)
#define cli_says(code_, text_, ...) do { \
	const struct cli *r_ = cli_run(__VA_ARGS__); \
	cr_assert_eq(r_->code, code_, "exit %d, not %d: %s%s", r_->code, code_, r_->out, r_->err); \
	cr_assert(strstr(code_ < 2 ? r_->out : r_->err, text_), "no \"%s\" in: %s%s", text_, r_->out, r_->err); } while (0)

/* A home with project "Bees" from a folder with p.qgs, a data file, and scripts for the fake worker (tests/fake_worker.c). */
void cli_bees(void);
/* Deltafile with patches u<FROM> to u<TO>; its path. */
const char *cli_deltas(int from, int to);

/* The path of a file of data/sample; borrowed until the process ends. */
const char *cli_sample(const char *name);
/* The home, with the sample as the project Trees, processed. */
void cli_sample_home(void);

#endif
