// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count events of CXL PMUs, and have the model of the hardware make them
 *
 * cpmu HOST STEP...: the steps are done in order, each says on a line of its
 * own what came of it.  HOST is the function whose shared memory the model is
 * in, as 0000:00:05.0.
 *
 * open:PMU:CONFIG[:CONFIG1]	a perf event, counting from here on
 * read				what all events have counted, in their order
 * close			all events
 * sleep:MS
 * model:CODE[:ARG...]		an order to the model, and its answer
 */

#include <linux/perf_event.h>

#define ORDERS		0x20000		/* Offset in the shared memory */
#define MAGIC		0x54525750

#define MAX_EVENTS	16
#define MAX_ARGS	4

struct orders {
	unsigned int magic;
	unsigned int asked;
	unsigned int done;
	unsigned int code;
	unsigned long long args[MAX_ARGS];
	long long result;
};

static int events[MAX_EVENTS];
static int nr_events;

static int read_text(const char *path, char *text, int size)
{
	int fd, len;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;

	len = read(fd, text, size - 1);
	close(fd);
	text[len < 0 ? 0 : len] = 0;

	return len;
}

/* A number from a file of a PMU in sysfs */
static int read_number(const char *pmu, const char *file)
{
	char path[128] = "/sys/bus/event_source/devices/";
	char text[32];

	strlcat(path, pmu, sizeof(path));
	strlcat(path, file, sizeof(path));
	if (read_text(path, text, sizeof(text)) < 0)
		return -1;

	return atoi(text);
}

/* Cut the next argument off; NULL if there is none */
static char *next_arg(char **rest)
{
	char *arg = *rest;

	if (!arg)
		return NULL;

	*rest = strchr(arg, ':');
	if (*rest)
		*(*rest)++ = 0;

	return arg;
}

static int step_open(char *args)
{
	struct perf_event_attr attr;
	char *pmu, *config, *config1;
	int type, cpu, fd;

	pmu = next_arg(&args);
	config = next_arg(&args);
	config1 = next_arg(&args);
	if (!pmu || !config || nr_events == MAX_EVENTS)
		return -1;

	type = read_number(pmu, "/type");
	cpu = read_number(pmu, "/cpumask");
	if (type < 0 || cpu < 0) {
		printf("open %s: no such PMU\n", pmu);
		return -1;
	}

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = type;
	attr.config = strtoull(config, NULL, 0);
	attr.config1 = config1 ? strtoull(config1, NULL, 0) : 0;

	fd = syscall(__NR_perf_event_open, &attr, -1, cpu, -1, 0);
	if (fd < 0) {
		printf("open %s: error %d\n", pmu, errno);
		return -1;
	}

	printf("open %s: event %d\n", pmu, nr_events);
	events[nr_events++] = fd;

	return 0;
}

static int step_read(void)
{
	unsigned long long count;
	int i;

	for (i = 0; i < nr_events; i++) {
		if (read(events[i], &count, sizeof(count)) != sizeof(count)) {
			printf("read %d: error %d\n", i, errno);
			return -1;
		}
		printf("read %d: %llu\n", i, count);
	}

	return 0;
}

static int step_close(void)
{
	while (nr_events)
		close(events[--nr_events]);
	printf("close\n");

	return 0;
}

static struct orders *map_orders(const char *host)
{
	char path[128] = "/sys/bus/pci/devices/";
	void *map;
	int fd;

	strlcat(path, host, sizeof(path));
	strlcat(path, "/resource2", sizeof(path));
	fd = open(path, O_RDWR);
	if (fd < 0)
		return NULL;

	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, ORDERS);
	close(fd);

	return map == MAP_FAILED ? NULL : map;
}

static int step_model(const char *host, char *args)
{
	volatile struct orders *orders = map_orders(host);
	char *code = next_arg(&args);
	int i, waited = 0;
	char *arg;

	if (!orders || orders->magic != MAGIC || !code) {
		printf("model: not there\n");
		return -1;
	}

	orders->code = strtoul(code, NULL, 0);
	for (i = 0; i < MAX_ARGS; i++) {
		arg = next_arg(&args);
		orders->args[i] = arg ? strtoull(arg, NULL, 0) : 0;
	}
	__sync_synchronize();
	orders->asked++;

	while (orders->done != orders->asked) {
		if (waited++ == 10000) {
			printf("model %s: no answer\n", code);
			return -1;
		}
		msleep(1);
	}
	__sync_synchronize();
	printf("model %s: %lld\n", code, orders->result);

	return 0;
}

static int step(const char *host, char *text)
{
	char *name = next_arg(&text);

	if (!strcmp(name, "open"))
		return step_open(text);
	if (!strcmp(name, "read"))
		return step_read();
	if (!strcmp(name, "close"))
		return step_close();
	if (!strcmp(name, "model"))
		return step_model(host, text);
	if (!strcmp(name, "sleep") && text) {
		msleep(strtoul(text, NULL, 0));
		return 0;
	}

	printf("%s: no such step\n", name);

	return -1;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++) {
		if (step(argv[1], argv[i]))
			return 1;
	}

	return 0;
}
