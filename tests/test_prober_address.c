/* The address rules, address by address: what a project may not make this machine knock at. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "engine/prober/address.h"

TestSuite(prober_address, .timeout = 20);

static const char *refusal(const char *allow, const char *name, const char *address)
{
	struct sockaddr_storage s = {0};
	struct fp_error err;
	struct fp_allow *a;
	const char *cause;

	cr_assert_eq(fp_allow_new(&a, allow, &err), FP_OK, "%s", err.msg);
	if (inet_pton(AF_INET, address, &((struct sockaddr_in *)&s)->sin_addr) == 1)
		s.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&s)->sin6_addr) == 1)
		s.ss_family = AF_INET6;
	else
		cr_assert_fail("%s is no address", address);
	cause = fp_allow_refusal(a, name, (struct sockaddr *)&s);
	fp_allow_free(a);
	return cause ? cause : "";
}

Test(prober_address, words_that_are_nothing_are_refused_by_name)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "fd00::/129", "::/ 1/", "http://db.lan", "db.lan:5432",
		"db\tlan;", ".lan", "[::1]", "caf\xc3\xa9.lan"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fp_allow *a;
		struct fp_error err;
		cr_assert_eq(fp_allow_new(&a, bad[i], &err), FP_E_INVALID, "%s", bad[i]);
		cr_assert(strstr(err.msg, "neither an address nor a network nor a host name"), "%s", err.msg);
	}
}

Test(prober_address, what_is_not_the_internet_is_refused)
{
	static const struct {
		const char *address, *cause;
	} cases[] = {
		{"127.0.0.1", "this_machine"}, {"127.255.255.254", "this_machine"}, {"::1", "this_machine"}, {"0.0.0.0", "this_machine"}, {"::", "this_machine"},
		{"::ffff:127.0.0.1", "this_machine"}, {"::127.0.0.1", "this_machine"}, {"64:ff9b::7f00:1", "this_machine"}, {"2002:7f00:1::1", "this_machine"},
		{"0.1.2.3", "address_refused"}, {"10.0.0.1", "address_refused"}, {"10.255.255.255", "address_refused"}, {"100.64.0.1", "address_refused"},
		{"100.127.255.255", "address_refused"}, {"169.254.169.254", "address_refused"}, {"169.254.0.1", "address_refused"},
		{"168.63.129.16", "address_refused"}, {"172.16.0.1", "address_refused"}, {"172.31.255.255", "address_refused"},
		{"192.168.1.1", "address_refused"}, {"224.0.0.1", "address_refused"}, {"239.255.255.250", "address_refused"},
		{"255.255.255.255", "address_refused"}, {"fe80::1", "address_refused"}, {"febf::1", "address_refused"}, {"fc00::1", "address_refused"},
		{"fdff::1", "address_refused"}, {"ff02::1", "address_refused"}, {"fd00:ec2::254", "address_refused"}, {"::ffff:10.0.0.1", "address_refused"},
		{"::ffff:169.254.169.254", "address_refused"}, {"64:ff9b::a9fe:a9fe", "address_refused"}, {"2002:c0a8:101::1", "address_refused"},
		{"::192.168.1.1", "address_refused"},
		{"8.8.8.8", ""}, {"9.255.255.255", ""}, {"11.0.0.0", ""}, {"100.63.255.255", ""}, {"100.128.0.0", ""}, {"172.15.255.255", ""},
		{"172.32.0.0", ""}, {"192.167.255.255", ""}, {"192.169.0.0", ""}, {"223.255.255.255", ""}, {"168.63.129.17", ""}, {"169.253.255.255", ""},
		{"2a00:1450::1", ""}, {"::ffff:8.8.8.8", ""}, {"64:ff9b::808:808", ""}, {"2002:808:808::1", ""}, {"fbff::1", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_str_eq(refusal("", "db.example", cases[i].address), cases[i].cause, "%s: %s", cases[i].address,
			refusal("", "db.example", cases[i].address));
}

Test(prober_address, what_the_operator_lists_passes_and_its_neighbours_do_not)
{
	static const struct {
		const char *allow, *name, *address, *cause;
	} cases[] = {
		{"127.0.0.1", "localhost", "127.0.0.1", ""}, {"127.0.0.1", "localhost", "127.0.0.2", "this_machine"}, {"127.0.0.0/8", "x", "127.9.9.9", ""},
		{"10.1.2.3/8", "x", "10.9.9.9", ""}, {"10.0.0.0/9", "x", "10.127.255.255", ""}, {"10.0.0.0/9", "x", "10.128.0.0", "address_refused"},
		{"10.0.0.0/8", "x", "::ffff:10.0.0.1", ""}, {"::ffff:10.0.0.1", "x", "10.0.0.1", ""}, {"0.0.0.0/0", "x", "192.168.0.1", ""},
		{"0.0.0.0/0", "x", "fd00::1", "address_refused"}, {"::/0", "x", "10.0.0.1", ""}, {"fd00::/8", "x", "fd12::1", ""},
		{"fd00::/8", "x", "fe80::1", "address_refused"}, {"db.lan", "db.lan", "10.0.0.1", ""}, {"db.lan", "DB.LAN.", "10.0.0.1", ""},
		{"DB.lan.", "db.lan", "10.0.0.1", ""}, {"db.lan", "x.db.lan", "10.0.0.1", "address_refused"}, {"lan", "db.lan", "10.0.0.1", "address_refused"},
		{" ,\n10.0.0.1,\t192.168.0.0/16 db.lan ", "x", "192.168.7.7", ""}, {"localhost", "localhost", "127.0.0.1", ""},
		{"localhost", "innocent.example", "127.0.0.1", "this_machine"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_str_eq(refusal(cases[i].allow, cases[i].name, cases[i].address), cases[i].cause, "%s: %s is %s", cases[i].allow, cases[i].name,
			cases[i].address);
}

Test(prober_address, this_machine_knows_its_own_names)
{
	char host[256] = "";

	cr_assert_eq(gethostname(host, sizeof host - 1), 0);
	cr_assert(fp_address_own_name(host));
	cr_assert(fp_address_own_name("LocalHost"));
	cr_assert(fp_address_own_name("localhost."));
	cr_assert(fp_address_own_name("db.localhost"));
	cr_assert(fp_address_own_name("localhost.localdomain"));
	cr_assert_not(fp_address_own_name("localhost.example"));
	cr_assert_not(fp_address_own_name("notlocalhost"));
	cr_assert_str_eq(refusal("", host, "8.8.8.8"), "this_machine");
}
