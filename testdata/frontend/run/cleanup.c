// __attribute__((cleanup)): called on every way out, last declared first, after the returned value was computed.
static int log;

static void note(int *p)
{
	log = log * 10 + *p;
}

#define __clean __attribute__((__cleanup__(note)))

static void inner_return(int early)
{
	int a __clean = 1;
	int b __clean = 2;

	if (early)
		return;
	b = 3;
}

// run: order(1) = 21
// run: order(0) = 31
int order(int early)
{
	log = 0;
	inner_return(early);
	return log;
}

static int value_first(int x)
{
	int a __clean = x;

	a = 5;
	return log + a;
}

// run: returned_value(4) = 5
int returned_value(int x)
{
	log = 0;
	return value_first(x);
}

// run: loop(3) = 12
int loop(int n)
{
	log = 0;
	for (int i = 1; i <= n; i++) {
		int a __clean = i;

		if (i == 2)
			break;
	}
	return log;
}

// run: skipped(3) = 123
int skipped(int n)
{
	log = 0;
	for (int i = 1; i <= n; i++) {
		int a __clean = i;

		if (i == 2)
			continue;
		a = i;
	}
	return log;
}

static void out_of_both(int x)
{
	int a __clean = 1;

	{
		int b __clean = 2;

		if (x)
			goto out;
		b = 3;
	}
	a = 4;
out:
	;
}

// run: jump(1) = 21
// run: jump(0) = 34
int jump(int x)
{
	log = 0;
	out_of_both(x);
	return log;
}

// A jump back before the declaration leaves the variable's scope.
// run: back(0) = 12
int back(int n)
{
	log = 0;
	{
again:
		n++;
		int a __clean = n;

		if (n < 2)
			goto again;
	}
	return log;
}

// run: in_expression(0) = 507
int in_expression(int unused)
{
	int r;

	log = 0;
	r = ({ int a __clean = 7; a + 43; });
	return r * 10 + log;
}

// run: in_condition(0) = 17
int in_condition(int unused)
{
	log = 0;
	if (({ int a __clean = 7; a == 7; }))
		return 10 + log;
	return log;
}

struct lock { int held; };
static struct lock the_lock;

static struct lock *take(struct lock *l)
{
	l->held++;
	return l;
}

static void drop(struct lock **l)
{
	(*l)->held--;
}

#define scoped_lock(l) \
	for (struct lock *__l __attribute__((cleanup(drop))) = take(l), *__once = (void *)0; !__once; __once = (void *)1)

static int locked(int early)
{
	int seen = 0;

	scoped_lock(&the_lock) {
		seen = the_lock.held;
		if (early)
			return seen;
	}
	return seen * 10;
}

// run: guard(0) = 100
// run: guard(1) = 10
int guard(int early)
{
	the_lock.held = 0;
	return locked(early) * 10 + the_lock.held;
}
