#include "engine/prober/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"

/* All addresses are compared as IPv6; an IPv4 one is ::ffff:a.b.c.d, so that it is the same address however it is written. */
struct network {
	unsigned char bytes[16];
	int bits;
};

struct fp_allow {
	struct network *networks;
	size_t n, cap;
	struct fp_strv names; /* lower case, without a last dot */
};

/* What is not the internet. The first that fits decides. */
static const struct special {
	const char *network;
	const char *cause; /* NULL: an IPv4 address is inside, from byte INSIDE on, and decides */
	int inside;
} specials[] = {
	{"::1/128", "this_machine", 0},
	{"::/128", "this_machine", 0},
	{"127.0.0.0/8", "this_machine", 0},
	{"0.0.0.0/32", "this_machine", 0},
	{"0.0.0.0/8", "address_refused", 0},
	{"10.0.0.0/8", "address_refused", 0},
	{"100.64.0.0/10", "address_refused", 0},     /* carrier-grade NAT */
	{"168.63.129.16/32", "address_refused", 0},  /* Azure's metadata */
	{"169.254.0.0/16", "address_refused", 0},    /* link-local, and everybody else's metadata */
	{"172.16.0.0/12", "address_refused", 0},
	{"192.0.0.0/24", "address_refused", 0},      /* IETF protocol assignments */
	{"192.168.0.0/16", "address_refused", 0},
	{"198.18.0.0/15", "address_refused", 0},     /* benchmarks */
	{"224.0.0.0/4", "address_refused", 0},       /* multicast */
	{"240.0.0.0/4", "address_refused", 0},       /* reserved, broadcast */
	{"2001::/32", "address_refused", 0},         /* Teredo */
	{"2002::/16", NULL, 2},                      /* 6to4 */
	{"64:ff9b::/96", NULL, 12},                  /* NAT64 */
	{"64:ff9b:1::/48", "address_refused", 0},    /* local NAT64 */
	{"fc00::/7", "address_refused", 0},          /* unique local */
	{"fe80::/10", "address_refused", 0},         /* link-local */
	{"fec0::/10", "address_refused", 0},         /* site-local */
	{"ff00::/8", "address_refused", 0},          /* multicast */
	{"::ffff:0:0/96", "", 0},                    /* the rest of IPv4 */
	{"::/96", NULL, 12},                         /* IPv4-compatible */
};

static void map(unsigned char to[16], const void *v4)
{
	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	memcpy(to + 12, v4, 4);
}

static int bytes_of(unsigned char to[16], const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		map(to, &((const struct sockaddr_in *)(const void *)a)->sin_addr);
	else if (a->sa_family == AF_INET6)
		memcpy(to, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
	else
		return -1;
	return 0;
}

/* "ADDRESS" or "ADDRESS/BITS". */
static int parse_network(struct network *net, const char *text)
{
	char address[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned char v4[4];
	int most = 128;

	if (len >= sizeof address)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, v4) == 1) {
		map(net->bytes, v4);
		most = 32;
	} else if (inet_pton(AF_INET6, address, net->bytes) != 1) {
		return -1;
	}
	net->bits = most;
	if (slash) {
		char *end;
		long bits = strtol(slash + 1, &end, 10);
		if (!isdigit((unsigned char)slash[1]) || *end || bits > most)
			return -1;
		net->bits = (int)bits;
	}
	net->bits += 128 - most;
	return 0;
}

static int inside(const struct network *net, const unsigned char address[16])
{
	int whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->bytes, address, (size_t)whole) != 0)
		return 0;
	return rest == 0 || ((net->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static char *lower_name(const char *name, size_t len)
{
	char *s = fp_strndup(name, len);

	if (len && s[len - 1] == '.')
		s[len - 1] = '\0';
	for (char *p = s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

static enum fp_status add(struct fp_allow *a, const char *word, struct fp_error *err)
{
	struct network net;

	if (parse_network(&net, word) == 0) {
		FP_GROW(a->networks, a->n, a->cap);
		a->networks[a->n++] = net;
		return FP_OK;
	}
	if (strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(word) || strlen(word) > 253 || *word == '.')
		return fp_fail(err, FP_E_INVALID, "\"%s\" is neither an address nor a network nor a host name", word);
	fp_strv_take(&a->names, lower_name(word, strlen(word)));
	return FP_OK;
}

enum fp_status fp_allow_new(struct fp_allow **out, const char *text, struct fp_error *err)
{
	struct fp_allow *a = fp_alloc(sizeof *a);
	char *copy = fp_strdup(text), *rest = copy, *word;
	enum fp_status st = FP_OK;

	while (st == FP_OK && (word = strsep(&rest, " \t\r\n,")))
		if (*word)
			st = add(a, word, err);
	free(copy);
	if (st == FP_OK)
		*out = a;
	else
		fp_allow_free(a);
	return st;
}

void fp_allow_free(struct fp_allow *a)
{
	if (!a)
		return;
	free(a->networks);
	fp_strv_free(&a->names);
	free(a);
}

int fp_address_own_name(const char *name)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"};
	static const char suffix[] = ".localhost";
	char *s = lower_name(name, strlen(name)), host[256] = "";
	size_t n = strlen(s);
	int own = n >= sizeof suffix && strcmp(s + n - (sizeof suffix - 1), suffix) == 0;

	for (size_t i = 0; !own && i < sizeof names / sizeof *names; i++)
		own = strcmp(s, names[i]) == 0;
	if (!own && gethostname(host, sizeof host - 1) == 0)
		own = strcasecmp(s, host) == 0;
	free(s);
	return own;
}

/* 1 when one of this machine's interfaces has the address. */
static int own_address(const unsigned char address[16])
{
	struct ifaddrs *all;
	unsigned char bytes[16];
	int own = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (const struct ifaddrs *i = all; !own && i; i = i->ifa_next)
		own = i->ifa_addr && bytes_of(bytes, i->ifa_addr) == 0 && memcmp(bytes, address, 16) == 0;
	freeifaddrs(all);
	return own;
}

static const char *special(const unsigned char address[16])
{
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
		const struct special *s = &specials[i];
		struct network net;
		unsigned char v4[16];

		fp_assert(parse_network(&net, s->network) == 0);
		if (!inside(&net, address))
			continue;
		if (s->cause)
			return *s->cause ? s->cause : NULL;
		map(v4, address + s->inside);
		return special(v4);
	}
	return NULL;
}

const char *fp_allow_refusal(const struct fp_allow *a, const char *name, const struct sockaddr *address)
{
	unsigned char bytes[16];
	char *s = lower_name(name, strlen(name));
	int listed = fp_strv_has(&a->names, s);

	free(s);
	if (listed)
		return NULL;
	if (bytes_of(bytes, address) != 0)
		return "address_refused";
	for (size_t i = 0; i < a->n; i++)
		if (inside(&a->networks[i], bytes))
			return NULL;
	return fp_address_own_name(name) || own_address(bytes) ? "this_machine" : special(bytes);
}
