/* Whether ranks wait for one another where they exchange nothing: rank 1 comes a second late. Nodes share this machine's clock:
   whoever leaves before the last has come has not waited, however late a busy machine has started it. */
#include <pmix.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(void) {
  pmix_proc_t me;
  long long came, left;
  if (PMIx_Init(&me, NULL, 0) != PMIX_SUCCESS) return 2;
  if (me.rank == 1) sleep(1);
  came = microseconds();
  if (PMIx_Fence(NULL, 0, NULL, 0) != PMIX_SUCCESS) return 3;
  left = microseconds();
  printf("rank %d came %lld left %lld\n", (int)me.rank, came, left);
  return PMIx_Finalize(NULL, 0) == PMIX_SUCCESS ? 0 : 4;
}
