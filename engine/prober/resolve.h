/* Host names, each resolved once in a prober's life; only the addresses that may be connected to come out. */
#ifndef FP_PROBER_RESOLVE_H
#define FP_PROBER_RESOLVE_H

#include <netinet/in.h>

#include "engine/prober/address.h"

#define FP_HOSTS_MAX 20
#define FP_ADDRESSES_MAX 8

struct fp_host {
	char *name;
	struct sockaddr_storage addresses[FP_ADDRESSES_MAX];
	int n;                     /* 0: STAGE, CAUSE and ERROR say why there is none */
	const char *stage, *cause; /* words of prober.h */
	char error[256];
};

struct fp_resolver;
struct fp_resolver *fp_resolver_new(struct fp_allow *allow) __attribute__((returns_nonnull)); /* ALLOW is taken over */
/* One that lets every address out. */
struct fp_resolver *fp_resolver_anywhere(void) __attribute__((returns_nonnull));
void fp_resolver_free(struct fp_resolver *r);

/* Borrowed from R, for as long as R lives. NAME is a host name or an address. */
const struct fp_host *fp_resolve(struct fp_resolver *r, const char *name);

/* The address in figures. */
void fp_address_text(char out[INET6_ADDRSTRLEN], const struct sockaddr_storage *address);

/* 1 when ADDRESS is one of HOST's. */
int fp_host_has(const struct fp_host *host, const struct sockaddr *address);

#endif
