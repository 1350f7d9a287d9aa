# SPDX-License-Identifier: MIT
# copyscope: "make help" lists the targets.

VERSION := 0.1.0
BUILD := build
Q := $(if $(V),,@)
say = @printf '  %-8s%s\n' $(1) $(2)

PREFIX ?= /usr/local
CC ?= cc
CLANG ?= clang
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool || echo bpftool)
TRIPLET := $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. -Iuser -I$(BUILD) $(CFLAGS)
PURE_LDLIBS := -lutf8proc -lm
LDLIBS := -lbpf -lelf -lz $(PURE_LDLIBS)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -I. \
	-I/usr/include/$(TRIPLET) -Wall -Wextra -Werror -Wno-unused-parameter
SANITIZE := -fno-sanitize-recover=all -fsanitize=address,undefined

# The linker needs a map's definition before its first use.
BPF_FIRST := bpf/ledger.bpf.c bpf/thread.bpf.c bpf/endpoint.bpf.c
# Objects of their own: no hooks.
BPF_ALONE := bpf/fds.bpf.c
BPF_SRC := $(BPF_FIRST) $(filter-out $(BPF_FIRST) $(BPF_ALONE),$(wildcard bpf/*.bpf.c))
BPF_OBJS := $(BPF_SRC:%.c=$(BUILD)/%.o)
# What needs neither a kernel nor privileges: a library, which tests link without the rest.
PURE_SRC := $(wildcard user/model/*.c user/render/*.c user/util/*.c)
TOOL_SRC := $(PURE_SRC) user/main.c $(wildcard user/cmd/*.c user/collect/*.c)
TOOL_OBJS := $(TOOL_SRC:%.c=$(BUILD)/%.o)
WORKLOAD_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/workload/*.c))
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
GOLDEN := golden golden_pages golden_fds
PURE_TESTS := $(UNIT) $(GOLDEN)
CHECKS := $(PURE_TESTS:%=$(BUILD)/check/%) $(PURE_TESTS:%=$(BUILD)/check-asan/%)

.DELETE_ON_ERROR:
.SECONDARY:
# The kernel that the module is built for.
KDIR ?= /lib/modules/$(shell uname -r)/build
MODULE_OUT := $(BUILD)/module

.PHONY: all deps tests unit fuzz test test-all test-debug demo bench render-bench install lint format golden clean help
.PHONY: module module-install dkms-source left-out

all: $(BUILD)/copyscope $(if $(wildcard $(KDIR)/Makefile),module,left-out) ## build the tool, and the module if the kernel's headers are there

left-out: $(BUILD)/copyscope
	@echo "built $(BUILD)/copyscope; left out: the kernel module, as $(KDIR) is missing:" \
		"install the kernel's headers, or say make module KDIR=FOLDER"

# From a copy, as Kbuild builds beside the sources and each kernel has its own.
module: ## build the kernel module, for this kernel or that of KDIR=FOLDER
	$(Q)[ -e $(KDIR)/Makefile ] || { echo "$(KDIR) has no kernel headers:" \
		"install linux-headers-$$(uname -r), or set KDIR" >&2; exit 1; }
	$(call say,MODULE,$(MODULE_OUT)/copyscope.ko)
	$(Q)mkdir -p $(MODULE_OUT)/module $(MODULE_OUT)/abi
	$(Q)cp -pu module/Kbuild module/*.c module/*.h $(MODULE_OUT)/module/
	$(Q)cp -pu abi/*.h $(MODULE_OUT)/abi/
	$(Q)$(MAKE) -s -C $(KDIR) M=$(abspath $(MODULE_OUT))/module modules
	$(Q)cp $(MODULE_OUT)/module/copyscope.ko $(MODULE_OUT)/copyscope.ko

# For people, and for programs that ask the module.
define module_files
	install -D -m 644 docs/copyscope.4 $(DESTDIR)$(PREFIX)/share/man/man4/copyscope.4
	install -D -m 644 abi/residency.h $(DESTDIR)$(PREFIX)/include/copyscope/residency.h
endef

# Below DESTDIR, as all else, if the kernel's own INSTALL_MOD_PATH is not set; and
# signed with no key that only the kernel's maker has.
module-install: module ## install the module for the kernel of KDIR, its man page and header
	$(if $(MODULE_KEY),$(KDIR)/scripts/sign-file sha256 $(MODULE_KEY) \
		$(MODULE_CERTIFICATE) $(MODULE_OUT)/module/copyscope.ko)
	$(Q)$(MAKE) -s -C $(KDIR) M=$(abspath $(MODULE_OUT))/module CONFIG_MODULE_SIG_ALL= \
		INSTALL_MOD_PATH=$(or $(INSTALL_MOD_PATH),$(DESTDIR)) modules_install
	$(module_files)

DKMS_SOURCE = $(DESTDIR)/usr/src/copyscope-$(VERSION)

dkms-source: ## put the module's source where dkms(8) builds it from
	install -D -m 644 -t $(DKMS_SOURCE) module/dkms.conf
	install -D -m 644 -t $(DKMS_SOURCE)/module module/Kbuild module/*.c module/*.h
	install -D -m 644 -t $(DKMS_SOURCE)/abi abi/residency.h
	$(module_files)

$(BUILD)/copyscope: $(TOOL_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(patsubst %.c,$(BUILD)/%.o,$(wildcard user/collect/*.c)): | $(BUILD)/copyscope.skel.h \
	$(BPF_ALONE:bpf/%.bpf.c=$(BUILD)/%.skel.h)

$(BUILD)/copyscope.skel.h: $(BUILD)/copyscope.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name copyscope_bpf > $@

$(BPF_ALONE:bpf/%.bpf.c=$(BUILD)/%.skel.h): $(BUILD)/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(BUILD)/copyscope.bpf.o: $(BPF_OBJS)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/%.o: bpf/%.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/workload: $(WORKLOAD_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lpthread -luring

$(BUILD)/patterns: tests/residency/patterns.c abi/residency.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $<

# By itself, with what the module's interface has.
$(BUILD)/bench-residency: tests/bench/residency.c abi/residency.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $<

$(BUILD)/bench-%: $(BUILD)/tests/bench/%.o $(BUILD)/tests/unit/fixture.o $(BUILD)/libpure.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PURE_LDLIBS)

# Tests of the pure parts, plain and with sanitizers: each source is compiled once for both.
$(BUILD)/asan/%.o: %.c
	$(call say,ASAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(BUILD)/libpure.a: $(PURE_SRC:%.c=$(BUILD)/%.o)
$(BUILD)/libpure-asan.a: $(PURE_SRC:%.c=$(BUILD)/asan/%.o)
$(BUILD)/libpure.a $(BUILD)/libpure-asan.a:
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT:%=$(BUILD)/check/%): $(BUILD)/check/%: $(BUILD)/tests/unit/%.o
$(UNIT:%=$(BUILD)/check-asan/%): $(BUILD)/check-asan/%: $(BUILD)/asan/tests/unit/%.o
$(GOLDEN:%=$(BUILD)/check/%): $(BUILD)/check/%: $(BUILD)/tests/golden/%.o \
	$(BUILD)/tests/golden/compare.o
$(GOLDEN:%=$(BUILD)/check-asan/%): $(BUILD)/check-asan/%: $(BUILD)/asan/tests/golden/%.o \
	$(BUILD)/asan/tests/golden/compare.o

$(PURE_TESTS:%=$(BUILD)/check/%): $(BUILD)/tests/unit/fixture.o $(BUILD)/libpure.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(PURE_LDLIBS)

$(PURE_TESTS:%=$(BUILD)/check-asan/%): $(BUILD)/asan/tests/unit/fixture.o $(BUILD)/libpure-asan.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		-lcmocka $(PURE_LDLIBS)

# The same sources and the fuzzer's own, with what tells libFuzzer which ways were taken.
$(BUILD)/fuzz/%.o: %.c
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(ALL_CFLAGS) $(SANITIZE),fuzzer-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzzer: $(patsubst %.c,$(BUILD)/fuzz/%.o,$(PURE_SRC) $(wildcard tests/fuzz/*.c))
	$(call say,LINK,$@)
	$(Q)$(CLANG) $(ALL_CFLAGS) $(SANITIZE),fuzzer -o $@ $^ $(PURE_LDLIBS)

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/asan/*/*/*.d $(BUILD)/fuzz/*/*/*.d)

# The table of hooks against the types of kernels, which no guest has to run for.
$(BUILD)/check-hooks: $(BUILD)/tests/btf/hooks.o $(BUILD)/user/collect/targets.o \
		$(BUILD)/user/collect/prototype.o $(BUILD)/user/collect/table.o $(BUILD)/libpure.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

deps: ## install the Debian packages that building and testing need
	$(Q)tools/deps

tests: $(BUILD)/fuzzer $(BUILD)/check-hooks $(CHECKS)
tests: $(BUILD)/copyscope $(BUILD)/workload $(BUILD)/patterns ## build all that the tests need

unit: $(CHECKS) $(BUILD)/check-hooks $(BUILD)/fuzzer $(BUILD)/copyscope.bpf.o ## run the tests that need no kernel
	$(Q)tests/run unit

SECONDS ?= 3600
FUZZ_CORPUS := $(BUILD)/fuzz-corpus

# What is worth keeping: build/fuzzer -merge=1 tests/fuzz/corpus build/fuzz-corpus
fuzz: $(BUILD)/fuzzer ## fuzz the pure parts for SECONDS=N, an hour if it is not said
	$(Q)mkdir -p $(FUZZ_CORPUS)
	$(Q)tests/fuzz/fuzz.t $(SECONDS) $(FUZZ_CORPUS)

# Each step after the one before: nothing is built before the packages are there.
test: deps ## install what is missing, build, run all tests
	$(Q)$(MAKE) -s -j2 tests
	$(Q)tests/run

test-all: deps ## the same on every kernel that the tool is for, and the module's stress: hours
	$(Q)$(MAKE) -s -j2 tests
	$(Q)tests/run unit docs packaging native all-kernels
	$(Q)tests/debug/run

test-debug: deps ## stress the module in a kernel that looks for mistakes, built on first use
	$(Q)tests/debug/run

demo: deps ## install what is missing, build, show nginx without and with sendfile
	$(Q)$(MAKE) -s -j2 $(BUILD)/copyscope
	$(Q)tools/demo

bench: deps ## measure what tracing costs, in guest instructions
	$(Q)$(MAKE) -s -j2 all $(BUILD)/bench-ops $(BUILD)/bench-render $(BUILD)/bench-residency
	$(Q)tests/bench/run

golden: $(GOLDEN:%=$(BUILD)/check/%) ## rewrite the expected renderings: look at the difference
	$(Q)for g in $^; do $$g --update tests/golden || exit 1; done

install: $(BUILD)/copyscope ## install the tool and its man page below PREFIX
	install -D -m 755 $(BUILD)/copyscope $(DESTDIR)$(PREFIX)/bin/copyscope
	install -D -m 644 docs/copyscope.1 $(DESTDIR)$(PREFIX)/share/man/man1/copyscope.1

lint: ## check format, scripts and man page
	$(Q)clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	$(Q)shellcheck $$(git ls-files tests tools findings .ci | xargs grep -lE '^#( shellcheck shell=|!/bin/)(ba)?sh')
	$(Q)mandoc -T lint -W warning docs/copyscope.1 docs/copyscope.4

format: ## format the C code
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## remove what was built
	$(Q)rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' Makefile | expand -t 24
