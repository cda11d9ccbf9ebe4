/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations on one operand of struct operands, and the same on the model. No
 * include guard: native_test.c includes this once for each OPERAND.
 */
#define OF(name)	CONCATENATE(name##_, OPERAND)
#define HERE		(run->ptr->OPERAND)
#define MODEL		(run->model.OPERAND)

static void OF(add)(struct run *run)
{
	this_cpu_inc(HERE);
	this_cpu_add(HERE, 0x99);
	this_cpu_sub(HERE, 0x17);
	this_cpu_dec(HERE);
	MODEL += 0x99 - 0x17;
}

static void OF(add_return)(struct run *run)
{
	MODEL += 5;
	run->wrong += this_cpu_add_return(HERE, 5) != MODEL;
	MODEL++;
	run->wrong += this_cpu_inc_return(HERE) != MODEL;
	MODEL -= 3;
	run->wrong += this_cpu_sub_return(HERE, 3) != MODEL;
}

static void OF(and_or)(struct run *run)
{
	this_cpu_or(HERE, 0x81);
	this_cpu_and(HERE, 0xf1);
	MODEL |= 0x81;
	MODEL &= 0xf1;
}

static void OF(write)(struct run *run)
{
	run->wrong += this_cpu_read(HERE) != MODEL;
	this_cpu_write(HERE, 0xa5);
	MODEL = 0xa5;
	run->wrong += this_cpu_read(HERE) != 0xa5;
}

static void OF(xchg)(struct run *run)
{
	run->wrong += this_cpu_xchg(HERE, 77) != MODEL;
	run->wrong += this_cpu_cmpxchg(HERE, 76, 1) != 77;
	run->wrong += this_cpu_cmpxchg(HERE, 77, 78) != 77;
	MODEL = 78;
}

static void OF(raw)(struct run *run)
{
	preempt_disable();
	raw_cpu_inc(HERE);
	__this_cpu_add(HERE, 3);
	MODEL += 4;
	run->wrong += raw_cpu_read(HERE) != MODEL;
	preempt_enable();
}

static void OF(pointer)(struct run *run)
{
	struct operands *here = get_cpu_ptr(run->ptr);

	run->wrong += here != per_cpu_ptr(run->ptr, smp_processor_id());
	run->wrong += here != this_cpu_ptr(run->ptr);
	run->wrong += here != raw_cpu_ptr(run->ptr);
	run->wrong += here->OPERAND != MODEL;
	here->OPERAND = 0x42;
	MODEL = 0x42;
	put_cpu_ptr(run->ptr);
}

static void OF(all)(struct run *run)
{
	OF(add)(run);
	OF(add_return)(run);
	OF(and_or)(run);
	OF(write)(run);
	OF(xchg)(run);
	OF(raw)(run);
	OF(pointer)(run);
	OF(add)(run);
}

#undef OF
#undef HERE
#undef MODEL
#undef OPERAND
