/* Processes: who is alive, proven. A pid alone proves nothing (it is reused); pid + start time + boot id does. */
#ifndef FP_BASE_PROC_H
#define FP_BASE_PROC_H

#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/mem.h"

struct fp_proc_id {
	int64_t pid;
	int64_t start;    /* field 22 of /proc/PID/stat, clock ticks since boot */
	char boot_id[40]; /* /proc/sys/kernel/random/boot_id */
};

/* The identity of PID (0: this process). 0, or -1 when there is no such process. */
int fp_proc_id(struct fp_proc_id *id, pid_t pid);

/* 1 when that very process still runs (a zombie does not), 0 when it is proven dead. */
int fp_proc_alive(const struct fp_proc_id *id);

/* How a folder begins that a process made for itself alone: its pid and start time. */
#define FP_PROC_FOLDER "q-%lld-%lld-"
/* The process that made a folder of this name: 1 it still runs, 0 it is proven dead, -1 the name is no such. */
int fp_proc_of_folder(const char *name);

/* Blocks the N SIGNALS and makes them a descriptor that poll understands (signalfd, non-blocking). BEFORE gets the mask that fp_signals_end() puts back.
 * -1 with errno when there is none to be had; the mask is put back already. */
int fp_signals_begin(sigset_t *before, const int *signals, size_t n);
void fp_signals_end(int fd, const sigset_t *before);

/* Where the house's data files are: $FIELDPOST_DATA, else beside the executable or one folder up (build tree), else the configured prefix. Borrowed,
 * computed once. */
const char *fp_data_dir(void);

/* The path of data file NAME ("workflows/package.yaml"); caller frees. */
char *fp_data_path(const char *name) __attribute__((malloc, returns_nonnull));

/* The path of program NAME: in $FIELDPOST_LIBEXEC, else beside the running executable, else in the configured libexec
 * folder; caller frees. */
char *fp_helper_path(const char *name) __attribute__((malloc, returns_nonnull));

/* The start of a helper's environment: the fixed names that every helper has, and the sanitizers' own when tests set them; nothing of whoever started
 * us. The list is not ended yet. */
void fp_helper_env(struct fp_strv *env);

/* In the child after fork(): becomes program PATH with SOCK as descriptor AS, /dev/null as its input and output, default signals and no other
 * descriptor but its standard error, unless that is a terminal: what a library shouts there would draw on the console. Calls only what is safe
 * between fork and exec. ENVP ends with NULL. */
void fp_helper_exec(const char *path, char *const envp[], int sock, int as) __attribute__((noreturn));

#endif
