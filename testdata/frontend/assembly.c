// asm is Opaque with what it may write; what reaches nothing is left out; asm goto goes to any of its labels.
static unsigned long flags_of(void)
{
	unsigned long flags;

	asm volatile("pushf; pop %0" : "=rm"(flags) : : "memory");
	return flags;
}

static void barrier(void)
{
	asm volatile("" : : : "memory");
}

static int exchange(int *p, int new)
{
	asm volatile("xchg %0, %1" : "+r"(new), "+m"(*p) : : "memory");
	return new;
}

static void prefetch(void *p)
{
	asm volatile("prefetch %0" : : "m"(*(char *)p));
}

static void write_through(void *to, int value)
{
	asm volatile("mov %1, (%0)" : : "r"(to), "r"(value) : "memory");
}

static _Bool static_branch(void *key)
{
	asm goto("1: nop; .quad 1b, %l[yes], %c0" : : "i"(key) : : yes);
	return 0;
yes:
	return 1;
}

#define load(p, fail)                                                       \
	({                                                                  \
		__label__ broken;                                           \
		int value;                                                  \
		asm goto("mov %1, %0" : "=r"(value) : "m"(*(p)) : : broken); \
		if (0) {                                                    \
broken:                                                                     \
			goto fail;                                          \
		}                                                           \
		value;                                                      \
	})

static int two_loads(int *a, int *b)
{
	int sum = load(a, fault);

	sum += load(b, fault);
	return sum;
fault:
	return -14;
}

static int computed(int which)
{
	static const void *const ways[] = { &&one, &&two };

	goto *ways[which];
one:
	return 1;
two:
	return 2;
}

int all(int *p, void *q)
{
	barrier();
	prefetch(q);
	write_through(q, 1);
	return flags_of() + exchange(p, 2) + static_branch(q) + two_loads(p, p) + computed(1);
}
