/* The engine: claims jobs and sees them through, in whatever event loop holds it (console or `engine run`). No threads; nothing here blocks
 * for longer than one store transaction.
 *
 * One job is a machine: preparing -> working -> (recording -> committing -> settling) -> collecting -> done, or stopping and closing; engine/queue/engine.c
 * holds the state x event table. */
#ifndef FP_QUEUE_ENGINE_H
#define FP_QUEUE_ENGINE_H

#include <poll.h>

#include "engine/store/store.h"

struct fp_engine;
struct fp_config;

/* First frees what dead engines left behind (proven by pid, start time and boot id); its steps take over what may be committed in a database. S and CONF
 * are borrowed. */
enum fp_status fp_engine_new(struct fp_engine **out, struct fp_store *s, const struct fp_config *conf, struct fp_error *err);

/* Fills up to MAX poll entries; returns how many. *TIMEOUT_MS is lowered to when the engine wants to be called again at the latest. */
int fp_engine_poll(struct fp_engine *e, struct pollfd *fds, int max, int *timeout_ms);

/* Does what is due: claims, reads, limits, publishes. Call after every poll, with or without events. Faults of a job are the job's; an error here says
 * that the store cannot be read or written now (FP_E_FULL, FP_E_BUSY). Nothing is lost by calling again: what could not be written is tried anew. */
enum fp_status fp_engine_step(struct fp_engine *e, struct fp_error *err);

/* Jobs that this engine runs now; and 1 when nothing is left that it could do, but to ask a database again that was asked in vain. */
int fp_engine_running(const struct fp_engine *e);
int fp_engine_idle(struct fp_engine *e);

/* Claims no more; fp_engine_running() goes to 0. With NOW also stops what runs: those jobs fail as interrupted and publish nothing. What may be committed in
 * a database is settled or left to the next engine. */
void fp_engine_drain(struct fp_engine *e, int now);
void fp_engine_free(struct fp_engine *e); /* kills what still runs */

/* `engine run`: its own loop with signalfd (TERM, INT: stop now; QUIT: drain). ONCE: until nothing is left to do. */
enum fp_status fp_engine_run(struct fp_store *s, const struct fp_config *conf, int once, struct fp_error *err);

#endif
