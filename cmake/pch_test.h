// What every test includes: the standard headers and GoogleTest.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch.h"
