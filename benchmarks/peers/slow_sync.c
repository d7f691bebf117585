/* Every fsync and fdatasync takes SYNC_MORE_MS longer, and is counted. LD_PRELOADed, so that it is
   the same for every store. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static atomic_long count;

static int synced(const char *name, int handle)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *more = getenv("SYNC_MORE_MS");
    long ms = more ? atol(more) : 0;
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000L};
    int done = real(handle);
    atomic_fetch_add(&count, 1);
    if (ms > 0)
        nanosleep(&wait, NULL);
    return done;
}

int fsync(int handle) { return synced("fsync", handle); }
int fdatasync(int handle) { return synced("fdatasync", handle); }

long syncs_so_far(void) { return count; }
