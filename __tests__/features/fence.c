/* Whether ranks wait for one another where they exchange nothing: rank 1 comes a second late, and rank 0 must wait for it. */
#include <pmix.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  pmix_proc_t me;
  struct timespec before, after;
  if (PMIx_Init(&me, NULL, 0) != PMIX_SUCCESS) return 2;
  if (me.rank == 1) sleep(1);
  clock_gettime(CLOCK_MONOTONIC, &before);
  if (PMIx_Fence(NULL, 0, NULL, 0) != PMIX_SUCCESS) return 3;
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("rank %d waited %ld ms\n", (int)me.rank,
         (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000);
  return PMIx_Finalize(NULL, 0) == PMIX_SUCCESS ? 0 : 4;
}
