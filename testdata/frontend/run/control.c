// Conditions, loops, switch, goto.
static int calls;

static int touch(int result)
{
	calls++;
	return result;
}

// Only what C evaluates is evaluated.
// run: short_circuit(0, 1) = 1
// run: short_circuit(1, 0) = 2
// run: short_circuit(1, 1) = 102
int short_circuit(int a, int b)
{
	int r;

	calls = 0;
	r = touch(a) && touch(b);
	return r * 100 + calls;
}

// run: either(1, 0) = 101
// run: either(0, 0) = 2
int either(int a, int b)
{
	calls = 0;
	if (touch(a) || touch(b))
		return 100 + calls;
	return calls;
}

// run: nested(1, 0, 1) = 1
// run: nested(0, 1, 1) = 1
// run: nested(1, 1, 0) = 0
// run: nested(0, 0, 1) = 0
int nested(int a, int b, int c)
{
	return !!(((a || b) && !(!c)) && 1);
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

// run: hints(3) = 1
// run: hints(-3) = 2
// run: hints(0) = 3
int hints(int x)
{
	if (unlikely(x < 0))
		return 2;
	if (likely(x))
		return 1;
	return 3;
}

// run: sum(5) = 10
int sum(int n)
{
	int total = 0;

	for (int i = 0; i < n; i++)
		total += i;
	return total;
}

// run: parts(10) = 1085
int parts(int n)
{
	int i = 0, rounds = 0;

	for (;;) {
		if (i == 3)
			break;
		i++;
	}
	for (; i < n;)
		i += 2;
	for (i = 0;; i++)
		if (i > 4)
			goto out;
out:
	for (;; rounds++)
		if (rounds * rounds >= 64)
			break;
	return 1000 + rounds * 10 + i;
}

// run: skip_odd(6) = 6
int skip_odd(int n)
{
	int total = 0;

	for (int i = 0; i < n; i++) {
		if (i & 1)
			continue;
		total += i;
	}
	return total;
}

// run: down(4) = 10
int down(int n)
{
	int total = 0;

	while (n)
		total += n--;
	return total;
}

// run: at_least_once(0) = 1
// run: at_least_once(3) = 3
int at_least_once(int n)
{
	int rounds = 0;

	do {
		rounds++;
	} while (rounds < n);
	return rounds;
}

// `continue` in do { } while (0) leaves it.
// run: once(1) = 1
// run: once(0) = 2
int once(int early)
{
	int r = 1;

	do {
		if (early)
			continue;
		r = 2;
	} while (0);
	return r;
}

// run: pick(0) = 99
// run: pick(1) = 12
// run: pick(2) = 2
// run: pick(5) = 57
// run: pick(8) = 99
// run: pick(-1) = 40
int pick(int x)
{
	int r = 0;

	switch (x) {
	case 1:
		r = 10;
		__attribute__((__fallthrough__));
	case 2:
		r += 2;
		break;
	case 4 ... 7:
		return 50 + 7;
	case -1:
		r = 40;
		break;
	default:
		r = 99;
	}
	return r;
}

// run: loop_in_switch(3) = 3
int loop_in_switch(int n)
{
	int count = 0;

	for (;;) {
		switch (n) {
		case 0:
			goto done;
		default:
			n--;
			count++;
			continue;
		}
	}
done:
	return count;
}

// run: retry(3) = 3
int retry(int n)
{
	int tries = 0;

again:
	tries++;
	if (tries < n)
		goto again;
	return tries;
}

// run: choose(1, 5) = 6
// run: choose(0, 5) = 4
int choose(int up, int x)
{
	return up ? touch(x) + 1 : touch(x) - 1;
}

// run: chain(0) = 3
// run: chain(1) = 1
// run: chain(2) = 2
int chain(int x)
{
	return x == 1 ? 1 : x == 2 ? 2 : 3;
}

// run: elvis(0, 9) = 9
// run: elvis(4, 9) = 4
int elvis(int a, int b)
{
	return a ?: b;
}

// The first operand is evaluated once.
// run: elvis_once(4) = 1
int elvis_once(int a)
{
	int r;

	calls = 0;
	r = touch(a) ?: touch(0);
	return r == 4 ? calls : -1;
}

// run: comma(3) = 8
int comma(int x)
{
	int y = (x++, x * 2);

	return y;
}

// run: comma_condition(0) = 1
int comma_condition(int x)
{
	if (x++, x)
		return x;
	return -1;
}

// run: conditional_condition(1, 0, 1) = 0
// run: conditional_condition(0, 0, 1) = 1
int conditional_condition(int c, int a, int b)
{
	if (c ? a : b)
		return 1;
	return 0;
}

// run: assigned_in_condition(7) = 7
// run: assigned_in_condition(0) = -1
int assigned_in_condition(int x)
{
	int r;

	if ((r = touch(x)))
		return r;
	return -1;
}

// run: value_of_statements(4) = 10
int value_of_statements(int n)
{
	if (({ int s = 0; for (int i = 1; i <= n; i++) s += i; s > 9; }))
		return 10;
	return 0;
}

// run: dead(2) = 2
int dead(int x)
{
	if (0) {
inside:
		x += 100;
		return x;
	}
	if (sizeof(long) == 4)
		goto inside;
	if (x > 50)
		goto inside;
	return x;
}

// run: computed(0) = 10
// run: computed(1) = 20
int computed(int which)
{
	return which ? 20 : 10;
}

// run: chosen(5) = 5
int chosen(int x)
{
	return __builtin_choose_expr(sizeof(int) == 4, x, touch(1));
}

#define kind(x) _Generic((x), int: 1, unsigned long: 2, char *: 3, const char *: 4, default: 5)

// run: generic(0) = 12345
int generic(int i)
{
	unsigned long l = 0;
	char *p = 0;
	const char *q = 0;

	return kind(i) * 10000 + kind(l) * 1000 + kind(p) * 100 + kind(q) * 10 + kind(1.0f);
}

// run: switch_on_type(300) = 44
int switch_on_type(int x)
{
	switch ((unsigned char)x) {
	case 44:
		return 44;
	}
	return -1;
}

// A known value does not make its side effects go away.
// run: known_but_run(3) = 103
int known_but_run(int x)
{
	long r;

	calls = 0;
	r = (touch(x), touch(x), 1);
	if ((touch(x), 0))
		r = 5;
	return r * 100 + calls;
}

// run: nested_known(3) = 7
int nested_known(int x)
{
	int y = 0;
	int r = ~((y = x, (void *)0) != (void *)0) + 5;

	return r + y;
}

// Leaving a statement expression: out of its own loop, out of the loop around it, out of the function.
// run: wait_for(3) = 3
int wait_for(int n)
{
	int rounds = 0;
	int r = ({
		int __r = 0;

		for (;;) {
			if (rounds == n) {
				__r = rounds;
				break;
			}
			rounds++;
		}
		__r;
	});

	return r;
}

// run: leave_loop(2) = 2
// run: leave_loop(9) = 105
int leave_loop(int n)
{
	int i;

	for (i = 0; i < 5; i++) {
		int x = ({ if (i == n) break; i; });

		if (x != i)
			return -1;
	}
	return i == 5 ? 100 + i : i;
}

// run: leave_function(4) = 4
// run: leave_function(0) = 9
int leave_function(int n)
{
	int x = 8 + ({ if (n) return n; 1; });

	return x;
}

static int counter(void)
{
	static int count;

	return ++count;
}

// run: statics(0) = 3
int statics(int unused)
{
	int before = counter();

	counter();
	counter();
	return counter() - before;
}

// run: huge_or_not(-1) = 0
int huge_or_not(int i)
{
	int a[4] = { 0 };

	for (; i < sizeof(a); i++)
		return 1;
	return a[0];
}
