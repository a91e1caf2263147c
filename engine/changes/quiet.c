#include "engine/changes/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"

/* SQLite's file format, "Locks": pending, reserved and shared bytes of the database; those for writing and for checkpoints of the -shm file. */
enum { LOCKS = 0x40000000, N_LOCKS = 512, SHM_LOCKS = 120, N_SHM_LOCKS = 2 };

/* 1: somebody else writes. The lock belongs to the open file: closing another descriptor of it does not drop it. File systems without locks have no say. */
static int is_busy(int fd, off_t at, off_t n)
{
	struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = n};

	return fcntl(fd, F_OFD_SETLK, &l) != 0 && (errno == EAGAIN || errno == EACCES);
}

static int is_sqlite(int fd)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof magic];

	return pread(fd, head, sizeof head, 0) == sizeof head && memcmp(head, magic, sizeof head) == 0;
}

enum fp_status fp_quiet_hold(struct fp_quiet *q, const char *path, struct fp_error *err)
{
	enum { HOW = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW };
	char *shm = fp_asprintf("%s-shm", path);
	int busy = 0;

	*q = (struct fp_quiet){open(path, HOW), -1};
	if (q->db >= 0 && is_sqlite(q->db)) {
		q->shm = open(shm, HOW);
		busy = is_busy(q->db, LOCKS, N_LOCKS) || (q->shm >= 0 && is_busy(q->shm, SHM_LOCKS, N_SHM_LOCKS));
	}
	free(shm);
	return busy ? fp_fail(err, FP_E_REFUSED, "another program is writing to %s: try again when it has finished", fp_path_base(path)) : FP_OK;
}

void fp_quiet_release(struct fp_quiet *q)
{
	if (q->db >= 0)
		close(q->db);
	if (q->shm >= 0)
		close(q->shm);
	*q = (struct fp_quiet){-1, -1};
}
