// SPDX-License-Identifier: Apache-2.0
// The program: from the command line to a command's exit code.

int main() {
    return 0;
}
