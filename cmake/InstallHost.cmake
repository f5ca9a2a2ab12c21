# SPDX-License-Identifier: Apache-2.0
# What a host needs beside the program: units, catalogue, man pages, examples.
set(INSTALL_CERT_UNIT_DIR lib/systemd/system CACHE STRING "where the units are installed")

install(FILES systemd/install_cert.service systemd/install_cert-ready.service
        DESTINATION ${INSTALL_CERT_UNIT_DIR})
install(FILES systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME install-cert.conf)
install(FILES systemd/install_cert.catalog DESTINATION lib/systemd/catalog)
install(FILES docs/man/install-cert.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/install-cert.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES config/config.yaml.example DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY systemd/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/systemd)
