// What the IR has no words for is Opaque with a reason; the rest of the function stays.
static double scale(double x)
{
	return x * 2.0;
}

struct name;

static int variadic(int n, ...)
{
	__builtin_va_list list;
	int first;
	struct name *name;

	__builtin_va_start(list, n);
	first = __builtin_va_arg(list, int);
	name = __builtin_va_arg(list, struct name *);
	__builtin_va_end(list);
	return name ? first : 0;
}

static unsigned long variable(int n)
{
	char buffer[n];

	return sizeof(buffer);
}

int all(int n)
{
	return variadic(1, (int)scale(n)) + variable(n);
}
