static inline int below(int x)
{
	return x - 1;
}

static inline int used(int x)
{
	return below(x);
}

static inline int unused(int x)
{
	return below(x) + 1;
}

struct in_header {
	int a;
};
