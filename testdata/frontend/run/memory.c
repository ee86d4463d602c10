// Places: pointers, arrays, structures, initialisers, container_of.
typedef unsigned long size_t;
#define offsetof(T, m) __builtin_offsetof(T, m)
#define container_of(ptr, type, member) ({ \
	void *__mptr = (void *)(ptr); \
	((type *)(__mptr - offsetof(type, member))); })

struct link {
	struct link *next;
};

struct item {
	int id;
	union {
		struct {
			int low;
			struct link link;
		};
		long raw[2];
	};
	struct {
		int depth;
	} named;
	int tail[3];
};

// run: through_pointer(7) = 14
int through_pointer(int x)
{
	int *p = &x;

	*p += x;
	return *p;
}

// run: walk(0) = 60
int walk(int unused)
{
	int a[3] = { 10, 20, 30 };
	int total = 0;

	for (int *p = a; p < a + 3; p++)
		total += *p;
	return total;
}

// run: index_after(1) = 32
int index_after(int i)
{
	int a[3] = { 1, 2, 3 };
	int r = a[i++] * 10;

	r += a[i--];
	return r + 10 - i;
}

// run: backwards(0) = 321
int backwards(int unused)
{
	int a[3] = { 1, 2, 3 };
	int *p = a + 3;
	int r = 0;

	while (p != a)
		r = r * 10 + *--p;
	return r;
}

// run: subscript_of_pointer(0) = 5
int subscript_of_pointer(int unused)
{
	int a[4] = { 2, 3, 4, 5 };
	int *p = &a[1];

	return p[2] + p[-1] - *(p + 1) + 1[a] - *a + a[0] - 1;
}

// run: distance(0) = 2
int distance(int unused)
{
	int a[4];
	int *p = &a[3], *q = &a[1];

	return p - q;
}

// run: anonymous(0) = 9
int anonymous(int unused)
{
	struct item item = { .id = 1, .low = 3, .named.depth = 5 };
	struct item *p = &item;

	return p->id + p->low + p->named.depth;
}

// run: outer(42) = 42
int outer(int id)
{
	struct item item = { .id = id };
	struct link *link = &item.link;

	return container_of(link, struct item, link)->id;
}

// run: list(0) = 6
int list(int unused)
{
	struct item a = { .id = 1 }, b = { .id = 2 }, c = { .id = 3 };
	struct link head = { &a.link };
	int total = 0;

	a.link.next = &b.link;
	b.link.next = &c.link;
	c.link.next = &head;
	for (struct link *l = head.next; l != &head; l = l->next)
		total += container_of(l, struct item, link)->id;
	return total;
}

// What an initialiser does not name is 0.
// run: rest_is_zero(0) = 8
int rest_is_zero(int unused)
{
	struct item item = { 3, .tail = { [1] = 5 } };

	return item.id + item.named.depth + item.tail[0] + item.tail[1] + item.tail[2];
}

struct pair {
	int a, b;
};

struct pairs {
	struct pair one, two;
	int three;
};

// Braces may be left out, and entries go on after a designator.
// run: elided(0) = 12345
int elided(int unused)
{
	struct pairs p = { 1, 2, 3, 4, 5 };

	return p.one.a * 10000 + p.one.b * 1000 + p.two.a * 100 + p.two.b * 10 + p.three;
}

// run: continued(0) = 456
int continued(int unused)
{
	struct pairs p = { .two = { 4, 5 }, 6 };

	return p.one.a + p.two.a * 100 + p.two.b * 10 + p.three;
}

// run: ranges(0) = 2772
int ranges(int unused)
{
	int a[] = { [0] = 2, [1 ... 2] = 7, 2 };

	return a[0] * 1000 + a[1] * 100 + a[2] * 10 + a[3];
}

// run: copied(0) = 21
int copied(int unused)
{
	struct pair p = { 1, 2 }, q = p;

	p.a = 9;
	return q.b * 10 + q.a;
}

static struct pair swapped(struct pair p)
{
	return (struct pair){ .a = p.b, .b = p.a };
}

// run: by_value(0) = 31
int by_value(int unused)
{
	struct pair p = swapped((struct pair){ 1, 2 });

	return p.a * 10 + swapped(p).b * 10 - p.a * 5 - 9 + swapped(p).a - p.a / 2 + 10;
}

static int first(int values[], int n)
{
	values += n;
	return *values;
}

// An array parameter is a pointer.
// run: array_parameter(0) = 30
int array_parameter(int unused)
{
	int a[3] = { 10, 20, 30 };

	return first(a, 2);
}

static int twice(int x)
{
	return 2 * x;
}

static int thrice(int x)
{
	return 3 * x;
}

struct ops {
	int (*run)(int);
};

// run: indirect(0, 5) = 10
// run: indirect(1, 5) = 15
int indirect(int which, int x)
{
	struct ops ops = { .run = which ? thrice : &twice };
	int (*f)(int) = ops.run;

	return f(x) + ops.run(x) - (*f)(x);
}

// run: swap(0) = 21
int swap(int unused)
{
	int a[2] = { 1, 2 };
	int *p = a;
	int t = *p;

	*p++ = a[1];
	*p = t;
	return a[0] * 10 + a[1];
}

// run: once_read(3) = 3
int once_read(int x)
{
	return (*(const volatile typeof(x) *)&(x));
}

// run: matrix(0) = 6
int matrix(int unused)
{
	int m[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
	int (*row)[3] = &m[1];

	return (*row)[2] + m[0][0] - 1;
}

// run: null_check(0) = 1
int null_check(int unused)
{
	int *p = (void *)0;

	return !p;
}

// run: store_by_call(4) = 4
static int *slot(int *p)
{
	return p;
}

int store_by_call(int x)
{
	int y = 0;

	*slot(&y) = x;
	return y;
}

// run: overflow(0) = 7
int overflow(int unused)
{
	unsigned char r;

	(void)__builtin_add_overflow(3, 4, &r);
	return r;
}
