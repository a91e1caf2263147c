/* Which addresses the prober may connect to (spec/layers.md 4.2 no. 6). Whoever writes a project chooses the host; without this rule he could make a
 * server behind a firewall knock at its neighbours' doors, or at its own. */
#ifndef FP_PROBER_ADDRESS_H
#define FP_PROBER_ADDRESS_H

#include <sys/socket.h>

#include "engine/base/error.h"

/* The operator's list of exceptions. */
struct fp_allow;

/* TEXT holds addresses, networks ("10.0.0.0/8", "fd00::/8") and host names between blanks or commas. FP_E_INVALID names the word that is none. */
enum fp_status fp_allow_new(struct fp_allow **out, const char *text, struct fp_error *err);
void fp_allow_free(struct fp_allow *a);

/* Why ADDRESS, to which NAME (a host name or an address as it was written) resolved, must not be connected to: "this_machine" or "address_refused";
 * NULL when it may. */
const char *fp_allow_refusal(const struct fp_allow *a, const char *name, const struct sockaddr *address);

/* 1 when NAME is one of this machine's own ("localhost", its host name), wherever it leads to. */
int fp_address_own_name(const char *name);

#endif
