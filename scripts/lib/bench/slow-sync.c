/* slow-sync MILLISECONDS PROGRAM ...: runs a program whose every fsync and fdatasync, and those of all it starts, begins
   so many milliseconds late. Nothing else of it is slowed: the kernel hands these two calls, and only these, to the
   process that waits beside it (seccomp user notification). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int listener;
static long delay;

/* One call at a time; as many of these run as calls may be waiting. */
static void *serve(void *unused) {
    (void)unused;
    for (;;) {
        struct seccomp_notif call;
        struct seccomp_notif_resp answer;
        memset(&call, 0, sizeof call);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
            if (errno == EINTR || errno == ENOENT) continue;
            return NULL;
        }
        struct timespec pause = {delay / 1000, delay % 1000 * 1000000};
        nanosleep(&pause, NULL);
        memset(&answer, 0, sizeof answer);
        answer.id = call.id;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static int filter(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

int main(int count, char **words) {
    if (count < 3 || (delay = atol(words[1])) < 0) {
        fprintf(stderr, "usage: slow-sync MILLISECONDS PROGRAM ...\n");
        return 2;
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return perror("socketpair"), 1;
    pid_t child = fork();
    if (child < 0) return perror("fork"), 1;
    struct msghdr message = {0};
    char byte = 0, control[CMSG_SPACE(sizeof(int))];
    struct iovec content = {&byte, 1};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (child == 0) {
        /* A program that stays is ended with this one. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        int found = filter();
        if (found < 0) return perror("slow-sync: seccomp"), 1;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof found);
        memcpy(CMSG_DATA(header), &found, sizeof found);
        if (sendmsg(pair[1], &message, 0) < 0) return perror("slow-sync: sendmsg"), 1;
        close(found);
        execvp(words[2], words + 2);
        return perror(words[2]), 127;
    }
    close(pair[1]);
    if (recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC) != 1) return 1;
    memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
    for (int i = 0; i < 32; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, NULL)) return 1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
