"""What tests are made with: real servers, a real browser, and the people who use them."""
