// Conversions: width, sign, bool, shifts, compound assignment in a wider type.
typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

// A negative error number kept in an unsigned variable is a huge count.
// run: error_is_huge(-14) = 1
// run: error_is_huge(3) = 0
int error_is_huge(int ret)
{
	unsigned long got = ret;

	return got > 100;
}

// run: mixed_compare(-1, 1) = 0
// run: mixed_compare(0, 1) = 1
int mixed_compare(int a, unsigned int b)
{
	return a < b;
}

// run: mixed_long(-1, 1) = 1
int mixed_long(long a, unsigned int b)
{
	return a < b;
}

// run: narrow(300) = 44
int narrow(int x)
{
	u8 small = x;

	return small;
}

// run: narrow_signed(200) = -56
int narrow_signed(int x)
{
	s8 small = x;

	return small;
}

// Both sides are promoted to int: no wrap at 8 bits.
// run: promoted(200, 100) = 300
int promoted(int x, int y)
{
	u8 a = x, b = y;

	return a + b;
}

// run: truth(256) = 1
// run: truth(0) = 0
int truth(int x)
{
	_Bool b = x;

	return b;
}

// run: bit_test(8) = 1
// run: bit_test(4) = 0
int bit_test(u32 flags)
{
	_Bool set = flags & 8;

	return set;
}

// run: compound(250) = 4
int compound(int x)
{
	u8 a = x;

	a += 10;
	return a;
}

// run: compound_shift(3) = 48
long compound_shift(long x)
{
	x <<= 4;
	return x;
}

// run: shift_unsigned(-1) = 1
u32 shift_unsigned(int x)
{
	return (u32)x >> 31;
}

// run: shift_signed(-8) = -2
int shift_signed(int x)
{
	return x >> 2;
}

// run: pages(1, 0) = 1
// run: pages(4096, 1) = 2
// run: pages(8192, 0) = 2
u64 pages(u64 bytes, u64 offset)
{
	return (bytes + offset + 4096 - 1) / 4096;
}

// run: minimum(-5, 3) = -5
// run: minimum(7, 3) = 3
int minimum(int x, int y)
{
	return ({ typeof(x) __x = (x); typeof(y) __y = (y); __x < __y ? __x : __y; });
}

// min_t(unsigned, ...) of a negative number takes the other one.
// run: minimum_unsigned(-5, 3) = 3
int minimum_unsigned(int x, int y)
{
	return ({ u32 __x = (u32)(x); u32 __y = (u32)(y); __x < __y ? __x : __y; });
}

// run: step(5) = 5607
int step(int x)
{
	int a = x++;
	int b = x--;
	int c = --x;
	int d = ++x;

	// x is back to 5: a=5 b=6 c=4 d=5
	return a * 1000 + b * 100 + c + d - 2 + (x == 5 ? 0 : 10000);
}

// run: bytes_wrap(255) = 0
int bytes_wrap(int x)
{
	u8 b = x;

	b++;
	return b;
}

// run: negate(5) = 4294967291
u64 negate(u32 x)
{
	return -x;
}

// run: invert(1) = -2
int invert(u8 x)
{
	return ~x;
}

// run: wide_mask(1) = 4294967294
u64 wide_mask(u32 x)
{
	return ~x;
}

// The value of an assignment is what the variable kept.
// run: kept(511) = 255
int kept(int x)
{
	u8 a;
	int b = a = x;

	return b;
}

// run: divide(-7, 2) = -3
int divide(int a, int b)
{
	return a / b;
}

// run: remainder_of(-7, 2) = -1
int remainder_of(int a, int b)
{
	return a % b;
}

// run: divide_unsigned(-2) = 2147483647
u32 divide_unsigned(int a)
{
	return (u32)a / 2;
}

enum color { RED, GREEN = 7, BLUE };

// run: enumerators(0) = 15
int enumerators(int unused)
{
	enum color c = BLUE;

	return c + GREEN;
}

// run: sizes(0) = 24
int sizes(int unused)
{
	struct three { char c; long l; short s; };

	return sizeof(struct three) + __builtin_offsetof(struct three, l) - _Alignof(long);
}

struct bits {
	unsigned int one : 1;
	signed int three : 3;
	u8 five : 5;
	_Bool flag : 1;
};

// A bit-field keeps the low bits.
// run: bit_fields(8) = 1001
// run: bit_fields(13) = 100513
int bit_fields(int x)
{
	struct bits b = { .one = x, .five = 32 + x };

	b.three = x;
	b.flag = x;
	b.flag &= b.one || x == 8;
	return b.one * 100000 + (b.three < 0 ? 3500 : b.five == 8 ? 993 : 0) - (b.three == -3 ? 3000 : 0) + (b.five & 13) + b.flag * 0;
}

// run: bit_field_steps(0) = 303
int bit_field_steps(int x)
{
	struct bits b = { .three = 3, .one = 1 };

	b.one++;
	b.five -= 1;
	b.three += 1;
	return b.one + b.five * 10 - b.three * 2 - 10 + (b.three == -4 ? -5 : 100) - (int)(b.one = 2);
}
