/* fieldpost-prober: the one process that asks the network for a check (spec/layers.md 4.2 no. 6). It has libpq and libcurl, no GDAL, no project and
 * no file but what name resolution and TLS need; whoever wants to know something sends it a question and judges the answer in a process of its own.
 *
 * It reads one line on descriptor FP_PROBER_FD, the set-up, and then takes descriptors from there (SCM_RIGHTS, one byte of data each). Each is a
 * session: questions, one JSON object a line, each answered by one line in their order, until every copy of its other end is closed. One session is
 * served at a time. An answer is remembered for the life of the prober, and of a question that got no further than the login it is the answer to all
 * others that go to the same place with the same login, so that a dead host costs its time once.
 *
 * Set-up:
 *   {"protocol":1,
 *    "allow":"127.0.0.1 10.0.0.0/8 db.lan",  what may be asked although its address is private: addresses, networks, host names; null: the network is off,
 *                                         and nothing is asked but what DATABASES says
 *    "databases":"operators"|"any",       those that a service or a variable names, or all, may lie anywhere, behind a socket of this machine, too; absent:
 *                                         they are asked like the web
 *    "pgservice":"[geo]\nhost=db.example\n...",   a pg_service.conf, "" for none
 *    "parent":1234}                             the pid that must still be its parent
 * It then says {"hello":{"protocol":1,"landlock":4,"uid":65534}} on FP_PROBER_FD, once, or {"refused":"why","class":"invalid"} and ends. No session is
 * sent before that.
 *
 * Questions:
 *   {"ask":"http","url":"https://...","user":"","password":"","referer":"","silence_s":60,"most":1000000}
 *      silence_s: the body is not kept but streamed, however long that takes, as long as something comes every so many seconds (at most 600); it may have
 *      MOST bytes. Lines {"part":N}, each with N bytes of it behind, go ahead of the answer then, which has no "body"; what a redirect says is not among them.
 *   {"ask":"postgres","service":"","host":"","port":"","dbname":"","user":"","password":"","sslmode":"",
 *    "what":"connect"|"table"|"query"|"raster","schema":"","table":"","geometry":"","key":["id"],"unique":true,"estimated":false,"any_type":true,
 *    "filter":""}
 *      connect: no more than a connection; query: TABLE is "(SELECT ...)"; unique: test that KEY is, where no constraint says so; estimated: look at as few
 *      rows as can be; any_type: tell what is in a geometry column that may hold any; raster: GEOMETRY is the raster column, "" any.
 *      What is "" is as the service says, else as the environment does; a user whom nobody names is "nobody".
 *   A user and a password that stand in a URL count where "user" is "". Nobody but the first server gets them.
 *
 * Answers; a member that is not known is absent:
 *   {"stage":"",                  the stage that failed ("name" "address" "port" "tls" "login" "database" "table" "geometry" "key" for a database;
 *                                 "name" "address" "port" "tls" "answer" for the web), "" when none did
 *    "cause":"",                  why, one of the words below, "" likewise
 *    "error":"...",               the words of libpq, the server or libcurl, one line, no password in it
 *    "address":"10.0.0.3","port":5432,
 *    http:     "status":200,"content_type":"text/xml","url":"where it ended","body":"base64, at most 4 MiB of content"; "url" also after a redirect that
 *              led nowhere
 *    postgres: "user","database","relkind":"r","columns":["id",...],"types":["int4",...],"pk":["id"],"geometry_type":"MULTIPOLYGON","srid":4326,
 *              (pk: the primary key, else a unique index, else KEY; geometry_type: with "Z", "M" or "ZM" behind it, "GEOMETRY" when it may be
 *              any)
 *              "geometries":["4326:POINTZ",...] (any_type: what a column of any type holds, at most 32),
 *              "rows":1200 (pg_class' estimate, -1 unknown),"tables":["public.trees",...] (table missing: the nearest names, at most 12),
 *              "filter_error":"..." (the filter does not work; QGIS calls the layer valid all the same)}
 *
 * Causes: bad_question, network_off (by the set-up), this_machine (a loopback address or this host's own name that ALLOW does not list: not connected to),
 * address_refused (a private, link-local, multicast or metadata address that ALLOW does not list: not connected to), too_many_hosts (more than 20 in one prober),
 * name_not_found, refused, timed_out, unreachable, tls_failed, too_large, too_many_redirects, http_failed (the answer broke off or is no HTTP),
 * service_unknown, login_refused, database_unknown, ssl_required, ssl_unsupported, connect_failed (anything else libpq says), table_missing,
 * permission_denied, geometry_missing, key_missing, key_not_unique, filter_failed (nothing can be looked at
 * through it), no_rows (of a raster), query_failed.
 * A status of 400 or more is an answer, not a failure: stage is "". ssl_required: the server has no rule for a connection without TLS, and no other was
 * tried. A host with several addresses is connected to at those that may be; with several hosts, the one that came furthest is told. */
#ifndef FP_PROBER_PROBER_H
#define FP_PROBER_PROBER_H

#include <jansson.h>
#include <stdint.h>

#include "engine/base/error.h"

#define FP_PROBER_FD 3
#define FP_PROBER_PROTOCOL 1
#define FP_PROBER_LINE_MAX (8 << 20)

/* A running prober, as its owner holds it (engine/prober/client.c, part of libfieldpost). */
struct fp_prober;

/* Where databases may be asked that a project's network setting does not let through. */
enum fp_databases { FP_DATABASES_ALLOWED, FP_DATABASES_OPERATORS, FP_DATABASES_ANY };

/* fork+exec of fieldpost-prober (fp_helper_path()) as a child of this process, in its process group, dead with it (PDEATHSIG), in a clean environment but
 * for what libpq reads: of ENVVARS (an object name -> value, may be NULL) and of this process's own variables those that begin with PG and name no file.
 * ALLOW NULL: the network is off, and only such databases are asked as DATABASES says.
 * Sends the set-up and waits for the hello. FP_E_REFUSED says why there is none. Walls of this process are the prober's too: start it before them. */
enum fp_status fp_prober_start(struct fp_prober **out, const char *allow, enum fp_databases databases, const char *pgservice, const json_t *envvars,
	struct fp_error *err);

/* A new session: a connected stream descriptor, close-on-exec, the caller's. May be used by a child after fork(); whoever else has a copy closes it, or
 * the next session waits for him. -1: err says why. */
int fp_prober_session(struct fp_prober *p, struct fp_error *err);

/* Sends QUESTION (not taken over) on SESSION and waits at most TIMEOUT_MS for the answer (new reference). FP_E_TIMEOUT, FP_E_CRASHED (the
 * prober is gone), FP_E_INVALID (it answered nonsense). */
enum fp_status fp_prober_ask(json_t **answer, int session, const json_t *question, int64_t timeout_ms, struct fp_error *err);

/* Asks for a body that is streamed: TAKE gets it piece by piece, whatever the status, ahead of *ANSWER. Waits SILENCE_S (the question's) and a little
 * longer each time. When TAKE fails, that is what is returned, and SESSION is of no use any more, as after every error. */
typedef enum fp_status fp_prober_take(void *arg, const char *bytes, size_t n, struct fp_error *err);
enum fp_status fp_prober_stream(json_t **answer, int session, const json_t *question, fp_prober_take *take, void *arg, struct fp_error *err);

/* The same in two halves, for an event loop: send, then read whenever poll says POLLIN until *DONE. BUF keeps what came so far; after several questions it
 * may hold the next answer already. */
struct fp_buf;
enum fp_status fp_prober_send(int session, const json_t *question, struct fp_error *err);
enum fp_status fp_prober_receive(json_t **answer, int *done, int session, struct fp_buf *buf, struct fp_error *err);

/* Ends it: closes, kills, reaps. NULL is fine. */
void fp_prober_free(struct fp_prober *p);

#endif
