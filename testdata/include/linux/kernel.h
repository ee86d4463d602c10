#pragma once
#include <linux/err.h>
#include <linux/types.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

#define container_of(ptr, type, member) ({				\
	void *__mptr = (void *)(ptr);					\
	((type *)(__mptr - offsetof(type, member))); })

#define min(x, y) ({							\
	__typeof__(x) __min_x = (x);					\
	__typeof__(y) __min_y = (y);					\
	__min_x < __min_y ? __min_x : __min_y; })
#define max(x, y) ({							\
	__typeof__(x) __max_x = (x);					\
	__typeof__(y) __max_y = (y);					\
	__max_x > __max_y ? __max_x : __max_y; })
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
#define swap(a, b) do { __typeof__(a) __swap_tmp = (a); (a) = (b); (b) = __swap_tmp; } while (0)

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define round_up(x, y) ((((x) - 1) | ((__typeof__(x))((y) - 1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y) - 1)))
#define ALIGN(x, a) round_up(x, a)
#define upper_32_bits(n) ((u32)(((n) >> 16) >> 16))

#define U32_MAX ((u32)~0U)
#define INT_MAX ((int)(~0U >> 1))
#define UINT_MAX (~0U)
#define LONG_MAX ((long)(~0UL >> 1))
#define ULONG_MAX (~0UL)

__attribute__((__noreturn__)) void panic(const char *format, ...);
#define BUG() do { __builtin_unreachable(); } while (0)
#define BUG_ON(condition) do { if (unlikely(condition)) BUG(); } while (0)
void __warn_printk(const char *format, ...);
#define WARN_ON(condition) ({						\
	int __warned = !!(condition);					\
	if (unlikely(__warned))						\
		__warn_printk("warning");				\
	unlikely(__warned); })
#define WARN_ON_ONCE(condition) WARN_ON(condition)

int _printk(const char *format, ...);
#define pr_err(...) _printk(__VA_ARGS__)
#define pr_debug(...) _printk(__VA_ARGS__)

#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define check_mul_overflow(a, b, product) __builtin_mul_overflow(a, b, product)
size_t array_size(size_t n, size_t size);
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof(*(p)->member) * (n))

void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *left, const void *right, size_t size);

int atomic_read(const atomic_t *v);
void atomic_set(atomic_t *v, int i);
void atomic_inc(atomic_t *v);
bool atomic_dec_and_test(atomic_t *v);
s64 atomic64_read(const atomic64_t *v);
void atomic64_add(s64 i, atomic64_t *v);
void atomic64_sub(s64 i, atomic64_t *v);
void refcount_set(refcount_t *r, int n);
void refcount_inc(refcount_t *r);
bool refcount_dec_and_test(refcount_t *r);
