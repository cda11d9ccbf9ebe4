// SPDX-License-Identifier: GPL-2.0
/*
 * Host: what core files expect of a kernel and a header alone cannot give.
 */
#include <malloc.h>
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

size_t host_memory_left = SIZE_MAX;
bool host_log_is_off;
unsigned long host_log_lines;

void *host_alloc(size_t size)
{
	void *ptr;

	if (size > host_memory_left)
		return NULL;

	ptr = calloc(1, size ?: 1);
	if (!ptr)
		return NULL;

	/* what comes back when it is freed, the excess included */
	size = malloc_usable_size(ptr);
	host_memory_left -= min(size, host_memory_left);
	return ptr;
}

void host_free(const void *ptr)
{
	host_memory_left += malloc_usable_size((void *)ptr);
	free((void *)ptr);
}

void host_warn(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this must never be: %s\n", file, line, what);
	abort();
}

/* put together even if nobody reads it: there may be something wrong with that */
void host_log(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	host_log_lines++;
	if (!host_log_is_off)
		fputs(text, stderr);
}

/* characters that are there, not those that there was no room for */
int vscnprintf(char *to, size_t size, const char *fmt, va_list args)
{
	int len;

	if (!size)
		return 0;

	len = vsnprintf(to, size, fmt, args);
	return min_t(size_t, len, size - 1);
}

int scnprintf(char *to, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(to, size, fmt, args);
	va_end(args);
	return len;
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (len == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, len + 1);
	return len;
}

/* the first byte that is not @c; where all are equal to the next one, all are */
void *memchr_inv(const void *from, int c, size_t len)
{
	const unsigned char *at = from, *end = at + len;

	if (!len || (*at == (unsigned char)c && !memcmp(at, at + 1, len - 1)))
		return NULL;

	while (at < end && *at == (unsigned char)c)
		at++;
	return (void *)at;
}
