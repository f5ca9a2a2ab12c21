# SPDX-License-Identifier: Apache-2.0
install(TARGETS install-cert RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS supervisor_program RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/install-cert)
install(DIRECTORY config/roles DESTINATION ${CMAKE_INSTALL_DATADIR}/install-cert)
include(cmake/InstallHost.cmake)
