# SPDX-License-Identifier: Apache-2.0
# How the shipped binary is hardened; tests/reliability/test_hardening.py checks the result with readelf.
option(INSTALL_CERT_HARDEN "PIE, full RELRO, stack protector, FORTIFY" OFF)
if(INSTALL_CERT_HARDEN)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    include(CheckPIESupported)
    check_pie_supported()
    add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection
                        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
    add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()

option(INSTALL_CERT_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
if(INSTALL_CERT_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()

option(INSTALL_CERT_COVERAGE "instrument for gcovr" OFF)
if(INSTALL_CERT_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
