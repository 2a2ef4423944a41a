/* Looks at the image it runs in and says, one line each, whether what a static program may rely on is there
   and what an attacker would like is not. Exit status: 0 all in order, 1 something is not. */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FEWEST_ROOTS = 100, DEEPEST = 32 };

static bool runs_unprivileged(void) {
  return getuid() != 0 && geteuid() != 0 && getegid() != 0;
}

/* The own user has a line in /etc/passwd (read by hand: a static program cannot load name services). */
static bool user_has_a_name(void) {
  FILE *file = fopen("/etc/passwd", "re");
  if (file == NULL) return false;
  char line[1024];
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    unsigned uid;
    found = sscanf(line, "%*[^:]:%*[^:]:%u:", &uid) == 1 && uid == getuid();
  }
  fclose(file);
  return found;
}

static bool is_day(const char *text) {
  size_t digits = strspn(text, "0123456789");
  return digits == 8 && (text[digits] == '\n' || text[digits] == '\0');
}

static bool system_is_kiln(void) {
  FILE *file = fopen("/etc/os-release", "re");
  if (file == NULL) return false;
  char line[1024];
  bool kiln = false, dated = false, pretends = false;
  while (fgets(line, sizeof line, file) != NULL) {
    kiln |= strcmp(line, "ID=kiln\n") == 0;
    dated |= strncmp(line, "VERSION_ID=", 11) == 0 && is_day(line + 11);
    pretends |= strncmp(line, "ID_LIKE=", 8) == 0;
  }
  fclose(file);
  return kiln && dated && !pretends;
}

static bool is_base64(const char *line) {
  size_t length = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
  return length > 0 && length <= 64 && line[length] == '\n';
}

/* The bundle consists of complete PEM blocks, and of enough of them. */
static bool roots_are_there(void) {
  FILE *file = fopen("/etc/ssl/certs/ca-certificates.crt", "re");
  if (file == NULL) return false;
  char line[256];
  int complete = 0;
  bool inside = false, sound = true;
  while (sound && fgets(line, sizeof line, file) != NULL) {
    if (strcmp(line, "-----BEGIN CERTIFICATE-----\n") == 0) {
      sound = !inside;
      inside = true;
    } else if (strcmp(line, "-----END CERTIFICATE-----\n") == 0) {
      sound = inside;
      inside = false;
      complete++;
    } else {
      sound = inside && is_base64(line);
    }
  }
  fclose(file);
  return sound && !inside && complete >= FEWEST_ROOTS;
}

/* Noon UTC of 1 July 2026 is two in the afternoon in Vienna. */
static bool zones_are_there(void) {
  time_t noon = 1782907200;
  struct tm local;
  if (setenv("TZ", "Europe/Vienna", 1) != 0) return false;
  tzset();
  return localtime_r(&noon, &local) != NULL && local.tm_hour == 14 && local.tm_isdst > 0;
}

static bool tmp_is_writable(void) {
  char path[] = "/tmp/probe.XXXXXX";
  int file = mkostemp(path, O_CLOEXEC);
  if (file < 0) return false;
  bool written = write(file, "x", 1) == 1;
  close(file);
  return unlink(path) == 0 && written;
}

static bool no_shell(void) {
  static const char *const shells[] = {"/bin/sh",     "/bin/bash",        "/bin/dash", "/bin/ash",
                                       "/usr/bin/sh", "/usr/bin/busybox", "/sbin/apk"};
  for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
    if (access(shells[i], F_OK) == 0) return false;
  }
  return true;
}

/* Walks one filesystem; directories that may not be read are passed over, their content is out of reach. */
static bool holds_no_setuid(int parent, const char *name, dev_t device, int depth) {
  int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return true;
  DIR *entries = fdopendir(folder);
  if (entries == NULL) {
    close(folder);
    return true;
  }
  bool clean = depth < DEEPEST;
  struct dirent *entry;
  while (clean && (entry = readdir(entries)) != NULL) {
    struct stat status;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode) && (status.st_mode & (S_ISUID | S_ISGID)) != 0) {
      clean = false;
    } else if (S_ISDIR(status.st_mode) && status.st_dev == device) {
      clean = holds_no_setuid(folder, entry->d_name, device, depth + 1);
    }
  }
  closedir(entries);
  return clean;
}

static bool no_setuid(void) {
  struct stat root;
  return stat("/", &root) == 0 && holds_no_setuid(AT_FDCWD, "/", root.st_dev, 0);
}

static int failures;

static void check(const char *name, bool in_order) {
  printf("%s %s\n", in_order ? "ok" : "FAIL", name);
  failures += !in_order;
}

int main(void) {
  check("runs as an unprivileged user", runs_unprivileged());
  check("the user has a name", user_has_a_name());
  check("the system is Kiln OS, with its date", system_is_kiln());
  check("root certificates are there and complete", roots_are_there());
  check("time zones are there", zones_are_there());
  check("/tmp is writable", tmp_is_writable());
  check("no shell and no package manager", no_shell());
  check("no setuid or setgid file", no_setuid());
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
