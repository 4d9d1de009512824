// The one definition of Boost.Test's main; every suite links it.
#define BOOST_TEST_MODULE troupe
#include <boost/test/unit_test.hpp>
