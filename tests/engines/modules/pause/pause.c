/* Holds the namespaces of a pod: waits to be told to end, and takes in the ends of orphans. With -v it says what it is and
   ends at once, by which kubeadm sees before an upgrade that a Job gets done. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

int main(int count, char **words) {
  if (count > 1 && !strcmp(words[1], "-v")) {
    return puts("pause, of a rehearsal") < 0;
  }
  struct sigaction ending = {.sa_handler = end};
  struct sigaction reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP | SA_RESTART};
  if (sigaction(SIGTERM, &ending, NULL) || sigaction(SIGINT, &ending, NULL) || sigaction(SIGCHLD, &reaping, NULL)) {
    return EXIT_FAILURE;
  }
  for (;;) {
    pause();
  }
}
