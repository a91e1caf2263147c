#include "engine/prober/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

struct fp_resolver {
	struct fp_allow *allow;
	struct fp_host hosts[FP_HOSTS_MAX], too_many;
	size_t n;
};

struct fp_resolver *fp_resolver_new(struct fp_allow *allow)
{
	struct fp_resolver *r = fp_alloc(sizeof *r);

	r->allow = allow;
	r->too_many = (struct fp_host){.stage = "name", .cause = "too_many_hosts"};
	snprintf(r->too_many.error, sizeof r->too_many.error, "more than %d hosts are named; this one is not asked", FP_HOSTS_MAX);
	return r;
}

struct fp_resolver *fp_resolver_anywhere(void)
{
	struct fp_allow *all;

	fp_assert(fp_allow_new(&all, "0.0.0.0/0 ::/0", NULL) == FP_OK);
	return fp_resolver_new(all);
}

void fp_resolver_free(struct fp_resolver *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->hosts[i].name);
	fp_allow_free(r->allow);
	free(r);
}

void fp_address_text(char out[INET6_ADDRSTRLEN], const struct sockaddr_storage *address)
{
	const void *bytes = address->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr :
		(const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;

	if (!inet_ntop(address->ss_family, bytes, out, INET6_ADDRSTRLEN))
		*out = '\0';
}

int fp_host_has(const struct fp_host *host, const struct sockaddr *address)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	struct sockaddr_storage s = {0};

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return 0;
	memcpy(&s, address, address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	fp_address_text(a, &s);
	for (int i = 0; i < host->n; i++) {
		fp_address_text(b, &host->addresses[i]);
		if (strcmp(a, b) == 0)
			return 1;
	}
	return 0;
}

static void refuse(struct fp_host *h, const char *stage, const char *cause, const char *error)
{
	h->stage = stage;
	h->cause = cause;
	snprintf(h->error, sizeof h->error, "%s", error);
}

static void look_up(const struct fp_resolver *r, struct fp_host *h)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *all;
	int rc = getaddrinfo(h->name, NULL, &hints, &all);
	char text[INET6_ADDRSTRLEN], error[128];

	if (rc != 0) {
		if (fp_address_own_name(h->name))
			refuse(h, "address", "this_machine", "a name of this machine");
		else
			refuse(h, "name", rc == EAI_AGAIN ? "timed_out" : "name_not_found", gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *i = all; i && h->n < FP_ADDRESSES_MAX; i = i->ai_next) {
		struct sockaddr_storage s = {0};
		const char *cause = fp_allow_refusal(r->allow, h->name, i->ai_addr);

		memcpy(&s, i->ai_addr, i->ai_addrlen);
		if (!cause) {
			h->addresses[h->n++] = s;
			continue;
		}
		fp_address_text(text, &s);
		snprintf(error, sizeof error, "%s is %s and is not asked", text,
			strcmp(cause, "this_machine") == 0 ? "this machine" : "no public address");
		if (!h->cause)
			refuse(h, "address", cause, error);
	}
	freeaddrinfo(all);
}

const struct fp_host *fp_resolve(struct fp_resolver *r, const char *name)
{
	struct fp_host *h;

	for (size_t i = 0; i < r->n; i++)
		if (strcasecmp(r->hosts[i].name, name) == 0)
			return &r->hosts[i];
	if (r->n == FP_HOSTS_MAX)
		return &r->too_many;
	h = &r->hosts[r->n++];
	h->name = fp_strdup(name);
	look_up(r, h);
	return h;
}
